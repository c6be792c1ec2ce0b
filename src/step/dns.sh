# One name, looked up as the system's resolver would: each name that the search list makes of it, until one is known.
# In: ask_name ask_type ask_server ask_port ask_tcp, ask_address (of a PTR: what the name was made of).
# Out, after the way: `ask NAME TYPE` before what the tool says of each name.

# The names to try, as resolv.conf(5) has it
names() {
  case $ask_name in *.) echo "$ask_name"; return ;; esac
  search= most=1 end=
  while read -r key rest || [ -n "$key" ]; do
    case $key in
      search|domain) search=$rest ;;
      options) for word in $rest; do case $word in ndots:[0-9]*) most=${word#ndots:} ;; esac; done ;;
    esac
  done </etc/resolv.conf
  dots=0 rest=$ask_name
  while :; do case $rest in *.*) dots=$((dots+1)) rest=${rest#*.} ;; *) break ;; esac; done
  [ "$dots" -lt "$most" ] || echo "$ask_name."
  for word in $search; do word=${word%.}; [ -z "$word" ] || echo "$ask_name.$word."; done
  [ "$dots" -ge "$most" ] || echo "$ask_name."
}

# Asks for every name, until one is known or nobody answers
each() {
  code=0
  for name in $(names); do
    echo "ask $name $ask_type"
    said=$(ask 2>&1); code=$?
    printf '%s\n' "$said"
    # nslookup may tell whom to ask instead, in the words of an answer
    case ${said%%Authoritative answers*} in *'ANSWER: '[1-9]*|*'Name:'*|*' = '*|*'has AAAA address'*) break ;; esac
    # Other tools end with 1 for what dig ends with 0 for: an answer that knows nothing
    case $code:$said in [01]:*NXDOMAIN*|[01]:*SERVFAIL*|[01]:*REFUSED*|0:*) ;; *) break ;; esac
  done
  leave "$code"
}

set -f
if has dig; then
  way dig
  ask() {
    bounded dig +noshort +noall +comments +answer +stats +time=2 +tries=2 ${ask_tcp:++tcp} ${ask_port:+-p "$ask_port"} \
      ${ask_server:+"@$ask_server"} -t "$ask_type" -q "$name"
  }
  each
fi

if has drill; then
  way drill
  ask() {
    bounded drill ${ask_tcp:+-t} ${ask_port:+-p "$ask_port"} "$name" "$ask_type" ${ask_server:+"@$ask_server"}
  }
  each
fi

if has nslookup; then
  help=$(nslookup --help 2>&1 </dev/null)
  case $help in
    *BusyBox*-type=*)
      # It knows neither TCP nor the second string of a TXT
      if [ -z "$ask_tcp" ] && [ "$ask_type" != TXT ]; then
        way 'busybox nslookup'
        case $ask_server in *:*:*) ask_server="[$ask_server]" ;; esac
        ask() {
          bounded nslookup -type="$ask_type" "$name" ${ask_server:+"$ask_server${ask_port:+:$ask_port}"}
        }
        each
      fi ;;
    *BusyBox*) ;;
    *)
      way nslookup
      ask() {
        bounded nslookup -timeout=2 -retry=1 -type="$ask_type" ${ask_tcp:+-vc} ${ask_port:+-port="$ask_port"} "$name" \
          ${ask_server:+"$ask_server"}
      }
      each ;;
  esac
fi

# The system's own way. It asks whom it is told to, and tells no more than the addresses
if has getent && [ -z "$ask_server$ask_tcp" ]; then
  case $ask_type:$ask_address in
    A:*) base=ahostsv4 key=$ask_name ;;
    AAAA:*) base=ahostsv6 key=$ask_name ;;
    PTR:?*) base=hosts key=$ask_address ;;
    *) base= ;;
  esac
  if [ -n "$base" ]; then
    way getent
    echo "ask $key $ask_type"
    bounded getent "$base" "$key"
    leave $?
  fi
fi

echo "no dig, drill, nslookup or getent that asks for $ask_type${ask_server:+ at a given server}${ask_tcp:+ by TCP}" >&2
exit 127
