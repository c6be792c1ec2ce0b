# One request. On stdout, after the way, what came; on stderr the tool's words, and where it shows them (wget) the head of the answer.
# In: ask_url ask_method ask_follow ask_insecure ask_plain (set when there are no headers and no body).
# On stdin: headers and body as lines for `curl -K`, since they may be secret.

if has curl; then
  way curl
  set -- -q -g -sS --noproxy '*' --proto '=http,https' --connect-timeout "$wait" --max-time "$limit"
  case $ask_method:$ask_plain in
    HEAD:*) set -- "$@" -I ;;
    GET:1) set -- "$@" -i ;;
    *) set -- "$@" -i -X "$ask_method" ;;
  esac
  [ -z "$ask_follow" ] || set -- "$@" -L --max-redirs 10
  [ -z "$ask_insecure" ] || set -- "$@" -k
  [ -n "$ask_plain" ] || set -- "$@" -K -
  curl "$@" --url "$ask_url" \
    -w '%{stderr}\ncurl %{http_code} %{size_header} %{time_total} %{time_connect} %{time_appconnect} %{remote_ip}\n'
  leave $?
fi

# Neither wget takes a header or a body but from its argv
if has wget && [ -n "$ask_plain" ]; then
  help=$(wget --help 2>&1)
  case $help:$ask_method in
    'GNU Wget 1'*)
      way wget
      set -- --no-config --no-hsts --no-proxy -S --progress=dot:giga --content-on-error -T "$wait" -t 1 --max-redirect=0
      [ -z "$ask_follow" ] || set -- "$@" --max-redirect=10
      [ "$ask_method" = GET ] || set -- "$@" --method="$ask_method"
      [ -z "$ask_insecure" ] || set -- "$@" --no-check-certificate
      LC_ALL=C bounded wget "$@" -O - "$ask_url"
      leave $? ;;
    *BusyBox*:GET)
      way 'busybox wget'
      set -- -q -Y off
      # Each of these is missing in some builds
      case $help in *-S*) set -- "$@" -S ;; esac
      case $help in *'-T SEC'*) set -- "$@" -T "$wait" ;; esac
      [ -z "$ask_insecure" ] || set -- "$@" --no-check-certificate
      bounded wget "$@" -O - "$ask_url"
      leave $? ;;
  esac
fi

if [ -n "$ask_plain" ] && [ "$ask_method" = GET ]; then echo 'no curl and no wget' >&2
elif [ -n "$ask_plain" ]; then echo "no curl and no GNU wget (which take the method $ask_method)" >&2
else echo 'no curl (a wget would show headers and body in its argv)' >&2; fi
exit 127
