# One handshake. In: ask_host ask_port ask_name (what the certificate should be for), ask_sni (set when that is a name to be sent).
# Out, after the way: `now SECONDS`, then what the tool tells of the certificate; on stderr its words about the handshake.

LC_ALL=C; export LC_ALL

# The time here, by what there is: a tool, the shell, the kernel
now() {
  epoch=$(date +%s 2>/dev/null) || epoch=
  case $epoch in ''|*[!0-9]*)
    epoch= since=
    while read -r key value; do [ "$key" != btime ] || since=$value; done </proc/stat
    uptime
    [ -z "$since" ] || [ -z "$up" ] || epoch=$((since + ${up%.*})) ;;
  esac
  echo "now $epoch"
}

case $ask_host in *:*) at="[$ask_host]:$ask_port" ;; *) at=$ask_host:$ask_port ;; esac

if has openssl; then
  way openssl
  now
  if [ -n "$ask_sni" ]; then set -- -servername "$ask_name" -verify_hostname "$ask_name"
  else set -- -verify_ip "$ask_name"; fi
  said=$(bounded openssl s_client -connect "$at" "$@" </dev/null 2>&1); code=$?
  case $said in
    *'BEGIN CERTIFICATE'*)
      # The rest holds the keys of the session
      printf '%s\n' "$said" | while IFS= read -r line; do
        case $line in *'Verify return code: '*|*error*) printf '%s\n' "$line" ;; esac
      done >&2
      printf '%s\n' "$said" | openssl x509 -noout -nameopt RFC2253,utf8,-esc_msb -subject -issuer -enddate -text || code=$? ;;
    *) printf '%s\n' "$said" >&2 ;;
  esac
  leave "$code"
fi

# It cannot but send a request after the handshake
if has curl; then
  way curl
  now
  case $ask_name in *:*) ask_name="[$ask_name]" ;; esac
  # ANYTHING: once as it is, and once more with whatever certificate there is, to see it
  ask() {
    curl -q -g -sS -v --noproxy '*' -I -o /dev/null --connect-timeout 3 -m 4 "$@" --connect-to "::$at" \
      -w '%{stderr}\ncurl %{http_code} %{time_connect}\n%{certs}\n' "https://$ask_name:$ask_port/" 2>&1 </dev/null
  }
  said=$(ask); code=$?
  printf '%s\n' "$said"
  case $code:$said in 60:*|51:*) ask -k ;; esac
  leave "$code"
fi

echo 'no openssl or curl' >&2
exit 127
