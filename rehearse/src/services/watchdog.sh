# Runs "$2"… and ends it when standard input closes: when the runner stops it,
# and also when the runner was killed and could stop nothing any more.
# Writes the server's process id to the file "$1".
exec 3<&0 </dev/null
pid_file=$1
shift
"$@" 3<&- &
server=$!
echo "$server" >"$pid_file"
{
    read -r _ <&3
    kill -TERM "$server"
    tenths=0
    while [ "$tenths" -lt 100 ] && kill -0 "$server"; do
        sleep 0.1
        tenths=$((tenths + 1))
    done
    kill -KILL "$server"
} 2>/dev/null &
keeper=$!
wait "$server"
status=$?
kill "$keeper" 2>/dev/null
rm -f "$pid_file"
exit "$status"
