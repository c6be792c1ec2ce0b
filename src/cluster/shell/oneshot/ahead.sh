# What a session's shell does when all its orders are known ahead. The secret is made here, because whatever is in the container's spec
# is seen by what is asked in it; the first line of the stream tells it. Exit codes go to the termination message, too, which outlives
# a log that was rotated away; and as nobody listens meanwhile, the shell itself tells when a step began and ended.
say() {
  case $1 in
    *' begin'|*' end '*) read -r now _ </proc/uptime; set -- "$1 $now" ;;
    *' exit '*|*' strike') echo "$1" >>/dev/termination-log ;;
  esac
  printf '%s %s\n' "$secret" "$1" >&3
}
# The patient is looked for once, and told as a step's output is
facts=$(@HUNT@)
case $facts in pid*) patient=${facts#pid }; patient=${patient%%[!0-9]*} ;; *) patient= ;; esac
say '1 begin'; cry '1 begin'; printf '%s\n' "$facts" >&3; say '1 exit 0'; say '1 end 0 0 0'; cry '1 end'
all() {
@ORDERS@
[ -z "$job" ] || wait "$job"
}
all </dev/null
exit
