# The chat room on port 4333:  docker build -t soquete . && docker run --rm -p 4333:4333 soquete
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin soquete

FROM debian:bookworm-slim
COPY --from=build /src/target/release/soquete /usr/local/bin/soquete
# A numeric user, so that container engines can verify that it is not root.
USER 65532:65532
EXPOSE 4333
# The check reads the socket table, because a connection would join the room.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --retries=3 \
    CMD ["soquete", "stat", "-q", "-l", "4333"]
ENTRYPOINT ["soquete"]
# Every interface is the container's own; the published ports decide which clients can connect.
CMD ["chat-serve", "--public", "4333"]
