# Runs a recipe: machine.sh FOLDER, in a network and mounts of its own. FOLDER has the recipe, and becomes its home.
set -eu
cd "$1"
ip link set lo up
mount --make-rprivate /
mount --bind hosts /etc/hosts
quietly() { "$@" < /dev/null > /dev/null 2>&1 & }

mkdir -p site
echo fine > site/health.txt
openssl req -quiet -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=web \
  -addext subjectAltName=DNS:web -keyout web.key -out web.pem 2> openssl.log ||
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=web \
    -addext subjectAltName=DNS:web -keyout web.key -out web.pem 2> openssl.log
cat > rsyslog.conf << END
module(load="imudp")
module(load="imtcp")
input(type="imudp" port="514")
input(type="imtcp" port="514")
template(name="plain" type="string" string="%app-name%: %msg%\n")
action(type="omfile" file="$1/log" template="plain")
END

cat > stats-server << 'END'
#!/bin/sh
echo "$(cat)" >> stats
END
chmod +x stats-server

for server in $2; do
  case $server in
    db) quietly socat TCP4-LISTEN:5432,fork,reuseaddr EXEC:cat ;;
    web) quietly mini_httpd -D -p 80 -d site -u root ;;
    tls) (cd site && quietly openssl s_server -accept 443 -cert ../web.pem -key ../web.key -WWW -quiet) ;;
    mail) quietly msmtpd --command="cat > $1/mailbox; :" ;;
    log) quietly rsyslogd -n -f "$1/rsyslog.conf" -i "$1/rsyslog.pid" ;;
    stats) quietly socat -u UDP4-RECVFROM:8125,fork EXEC:./stats-server ;;
    proxy) quietly microsocks -i 127.0.0.1 -p 1080 ;;
  esac
done
# UDP ports in hexadecimal, as the kernel lists them.
case " $2 " in *" stats "*) until grep -q ':1FBD ' /proc/net/udp; do sleep 0.01; done ;; esac
case " $2 " in *" log "*) until grep -q ':0202 ' /proc/net/udp; do sleep 0.01; done ;; esac
for port in $3; do
  soquete wait 10s -q 127.0.0.1 "$port" > /dev/null
done
exec bash -euo pipefail recipe < /dev/null 2>&1
