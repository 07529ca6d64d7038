# The shell's read with a time limit polls its input.
printf 'here\n' | { read -r -t 5 word && echo "poll woke up for '$word'"; }
sleep 3 | { read -r -t 1 word || echo "poll came back in time"; }
