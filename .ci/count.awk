# Reads `go test -json` and says what happened: a line for each package, the output of what failed, the reasons
# of what was skipped. The last line is "PASSED FAILED SKIPPED" for the script that called it.
# The fields of these lines always come in the same order, so that a pattern at the beginning cannot match output.

function text(s) { # a JSON string's content
	gsub(/\\u003c/, "<", s); gsub(/\\u003e/, ">", s); gsub(/\\u0026/, "\\&", s)
	gsub(/\\t/, "\t", s); gsub(/\\"/, "\"", s)
	sub(/\\n$/, "", s); gsub(/\\\\/, "\\", s)
	return s
}

function value(key,   at, rest) { # of a field without escaped characters
	at = index($0, "\"" key "\":\"")
	if (!at) return ""
	rest = substr($0, at + length(key) + 4)
	return substr(rest, 1, index(rest, "\"") - 1)
}

function output(   at) {
	at = index($0, "\"Output\":\"")
	return text(substr($0, at + 10, length($0) - at - 11))
}

function say(line) { print line >"/dev/stderr" }

function room(pkg) { sub(/^edge\/?/, "", pkg); return pkg == "" ? "." : pkg }

{
	action = value("Action"); pkg = value("Package"); test = value("Test"); id = pkg " " test
	if (pkg != "" && match($0, /"OutputType":"[a-z-]*"/)) sub(/,"OutputType":"[a-z-]*"/, "")
}
action == "build-output" { say(output()); next }
action == "output" { kept[id] = kept[id] "\n" output(); next }
action == "pass" && test != "" { passed++; delete kept[id]; next }
action == "skip" && test != "" {
	skipped++
	reason = kept[id]
	gsub(/\n *(=== [A-Z]+|--- SKIP)[^\n]*/, "", reason); gsub(/\n */, " ", reason)
	why[skipped] = room(pkg) " " test ":" reason
	delete kept[id]; next
}
action == "fail" && test != "" { failed++; broken[pkg]++; say("FAIL  " room(pkg) " " test kept[id]); next }
action == "fail" {
	if (!broken[pkg]) { failed++; say("FAIL  " room(pkg) kept[pkg " "]) } # it did not compile, or ended outside a test
	else say("FAIL  " room(pkg))
	next
}
action == "pass" { match($0, /"Elapsed":[0-9.]+/); printf "ok    %-24s %6.1f s\n", room(pkg), substr($0, RSTART + 10, RLENGTH - 10) >"/dev/stderr" }

END {
	for (i = 1; i <= skipped; i++) say("SKIP  " why[i])
	print passed + 0, failed + 0, skipped + 0
}
