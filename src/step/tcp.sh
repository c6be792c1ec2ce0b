# One connection, opened and closed again; nothing is sent. In: ask_host ask_port.

LC_ALL=C; export LC_ALL

if has nc; then
  help=$(nc -h 2>&1 </dev/null)
  case $help in
    *BusyBox*'-z'*) knock='-z' ;;
    # It has no way to leave at once but to become a program that does
    *BusyBox*'-e PROG'*) knock='-e' ;;
    *BusyBox*) knock= ;;
    *) knock='-z -v'
      # An address is not to be looked up backwards first, and netcat 1.10 knows none of IPv6
      case $ask_host in
        *:*) case $help in *'[v1.1'*) knock= ;; *) knock='-z -v -n' ;; esac ;;
        *[!0-9.]*) ;;
        *) knock='-z -v -n' ;;
      esac ;;
  esac
  case $knock in
    '') ;;
    -e) way 'busybox nc'; bounded nc -w "$wait" "$ask_host" "$ask_port" -e sh -c : </dev/null; leave $? ;;
    *) way nc; bounded nc $knock -w "$wait" "$ask_host" "$ask_port" </dev/null; leave $? ;;
  esac
fi

if has bash; then
  way bash
  bounded bash -c 'exec 3<>"/dev/tcp/$ask_host/$ask_port"'
  leave $?
fi

# It stays until the other side has had enough, or its time is up
if has curl; then
  way curl
  case $ask_host in *:*) ask_host="[$ask_host]" ;; esac
  curl -q -g -sS -v --noproxy '*' -m 3 -o /dev/null -w '%{stderr}\ncurl %{time_connect}\n' "telnet://$ask_host:$ask_port" </dev/null
  leave $?
fi

echo 'no nc, bash or curl' >&2
exit 127
