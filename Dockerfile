# The chat room on port 4333:  docker build -t soquete . && docker run --rm -p 4333:4333 soquete
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin soquete

FROM debian:bookworm-slim
COPY --from=build /src/target/release/soquete /usr/local/bin/soquete
# A number, so that an engine can see that it is not root.
USER 65532:65532
EXPOSE 4333
# The socket table is asked: a connection would join the room.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --retries=3 \
    CMD ["soquete", "stat", "-q", "-l", "4333"]
ENTRYPOINT ["soquete"]
# Inside a container every interface is the container's own; who may come is decided by the ports that are published.
CMD ["chat-serve", "--public", "4333"]
