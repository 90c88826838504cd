//! Trees as text: every leaf is the slice that its span names, so a span that is off shows.

use super::{Command, Compound, List, MAX_LEN, Operator, Pipeline, Redirection, Script, Separator, SourceMap, Word};

/// The tree of `text`, in one line.
fn tree(text: &str) -> String {
    let script = Script::parse(text, SourceMap::default());
    match script.body() {
        Ok(body) => list(&script, body),
        Err(why) => format!("opaque: {}", why.0),
    }
}

fn list(script: &Script, list: &List) -> String {
    let mut out = String::new();
    for item in &list.items {
        out += &pipeline(script, &item.and_or.first);
        for (operator, span, next) in &item.and_or.rest {
            let token = script.slice(*span);
            assert_eq!(token, if *operator == Operator::And { "&&" } else { "||" });
            out += &format!(" {token} {}", pipeline(script, next));
        }
        let separator = script.slice(item.separator_span);
        out += match (item.separator, separator) {
            (Separator::Semicolon, ";") => " ; ",
            (Separator::Newline, "\n") => " ↵ ",
            (Separator::Background, "&") => " & ",
            (Separator::End, "") => "",
            other => panic!("{other:?}"),
        };
    }
    out.trim_end().to_owned()
}

fn pipeline(script: &Script, pipeline: &Pipeline) -> String {
    let commands: Vec<String> = pipeline.commands.iter().map(|it| command(script, it)).collect();
    format!("{}{}", if pipeline.negated { "! " } else { "" }, commands.join(" | "))
}

fn command(script: &Script, command: &Command) -> String {
    match command {
        Command::Simple(simple) => {
            let mut parts: Vec<String> = Vec::new();
            for assignment in &simple.assignments {
                parts.push(format!("{}:={}", script.slice(assignment.name), word(script, &assignment.value)));
            }
            parts.extend(simple.words.iter().map(|it| word(script, it)));
            parts.extend(simple.redirections.iter().map(|it| redirection(script, it)));
            format!("<{}>[{}]", script.slice(simple.span), parts.join(","))
        }
        Command::Compound(it) => compound(script, it),
        Command::Function(it) => format!("fn {} {}", script.slice(it.name), compound(script, &it.body)),
        Command::Opaque(span) => format!("opaque<{}>", script.slice(*span)),
    }
}

fn compound(script: &Script, compound: &Compound) -> String {
    let mut out = format!("{:?}", compound.kind);
    if !compound.words.is_empty() {
        let words: Vec<String> = compound.words.iter().map(|it| word(script, it)).collect();
        out += &format!("[{}]", words.join(","));
    }
    for it in &compound.lists {
        out += &format!("({})", list(script, it));
    }
    for it in &compound.redirections {
        out += &redirection(script, it);
    }
    out
}

fn redirection(script: &Script, it: &Redirection) -> String {
    let body = it.heredoc.map_or(String::new(), |span| format!("={:?}", script.slice(span)));
    format!("<{}>{}{}{body}", script.slice(it.span), it.operator, word(script, &it.target))
}

fn word(script: &Script, it: &Word) -> String {
    let raw = script.slice(it.span);
    let mut out = match &it.literal {
        Some(literal) if **literal == *raw => raw.to_owned(),
        Some(literal) => format!("{raw}→{literal}"),
        None => format!("{raw}?"),
    };
    for it in &it.substitutions {
        out += &format!("({})", list(script, it));
    }
    out
}

#[test]
#[rustfmt::skip]
fn trees() {
    for (text, expected) in [
        ("a", "<a>[a]"),
        ("", ""),
        ("# only", ""),
        ("a && b || c ; d", "<a>[a] && <b>[b] || <c>[c] ; <d>[d]"),
        ("! a | b", "! <a>[a] | <b>[b]"),
        ("a; b & c", "<a>[a] ; <b>[b] & <c>[c]"),
        ("a &", "<a>[a] &"),
        ("A=1 B= curl -o \"$f\" https://x > log 2>&1", r#"<A=1 B= curl -o "$f" https://x > log 2>&1>[A:=1,B:=,curl,-o,"$f"?,https://x,<> log>>log,<2>&1>>&1]"#),
        ("2>> log a", "<2>> log a>[a,<2>> log>>>log]"),
        ("a &> log", "<a &> log>[a,<&> log>&>log]"),
        ("a &>> log b", "<a &>> log b>[a,b,<&>> log>&>>log]"),
        ("a >& log", "<a >& log>[a,<>& log>>&log]"),
        ("a |& b", "opaque<a |& b>"),
        ("if a; then b && c; elif d; then e; else f; fi", "If(<a>[a] ;)(<b>[b] && <c>[c] ;)(<d>[d] ;)(<e>[e] ;)(<f>[f] ;)"),
        ("if a\nthen b # x\nfi", "If(<a>[a] ↵)(<b>[b] ↵)"),
        ("for f in a \"b c\" *.x; do echo $f; done > log", r#"For[a,"b c"→b c,*.x?](<echo $f>[echo,$f?] ;)<> log>>log"#),
        ("for f in a\ndo b; done", "For[a](<b>[b] ;)"),
        ("for f; do b; done", "Other(<b>[b] ;)"),
        ("while read x; do b $x; done < f", "While(<read x>[read,x] ;)(<b $x>[b,$x?] ;)<< f><f"),
        ("until a; do b; done", "Until(<a>[a] ;)(<b>[b] ;)"),
        ("case \"$x\" in a|b) c ;; *) d; esac", r#"Case["$x"?,a,b,*?](<c>[c])(<d>[d] ;)"#),
        ("case $x in (a) b;; esac", "Case[$x?,a](<b>[b])"),
        ("(a; b) && c", "Subshell(<a>[a] ; <b>[b]) && <c>[c]"),
        ("{ a; b; } > log", "Brace(<a>[a] ; <b>[b] ;)<> log>>log"),
        ("f() { a; }; f", "fn f Brace(<a>[a] ;) ; <f>[f]"),
        ("function f { a; }", "fn f Brace(<a>[a] ;)"),
        ("f() (a)", "fn f Subshell(<a>[a])"),
        ("[[ -f $x && \"$(a)\" == b* ]] && c", r#"Test[-f $x && "$(a)" == b*?(<a>[a])] && <c>[c]"#),
        ("(( x > 1 )) && a", "Test[x > 1?] && <a>[a]"),
        ("echo $(a; b) `c` \"$(d \"$(e)\")\" <(f) ${x:-$(g)} $((1+$(h)))", r#"<echo $(a; b) `c` "$(d "$(e)")" <(f) ${x:-$(g)} $((1+$(h)))>[echo,$(a; b)?(<a>[a] ; <b>[b]),`c`?(<c>[c]),"$(d "$(e)")"?(<d "$(e)">[d,"$(e)"?(<e>[e])]),<(f)?(<f>[f]),${x:-$(g)}?(<g>[g]),$((1+$(h)))?(<h>[h])]"#),
        ("cat <<EOF > x && b\nhello $(x)\nEOF\nc", r#"<cat <<EOF > x>[cat,<<<EOF><<EOF="hello $(x)\n",<> x>>x] && <b>[b] ↵ <c>[c]"#),
        ("cat <<-'E O'\n\ta\n\tE O\nb", r#"<cat <<-'E O'>[cat,<<<-'E O'><<-'E O'→E O="\ta\n"] ↵ <b>[b]"#),
        ("cat <<A <<B; c\na\nA\nb\nB\nd", r#"<cat <<A <<B>[cat,<<<A><<A="a\n",<<<B><<B="b\n"] ; <c>[c] ↵ <d>[d]"#),
        ("a \\\n  && b \\\n  # comment\nc", "<a>[a] && <b>[b] ↵ <c>[c]"),
        ("a # c\n# d\nb # e", "<a>[a] ↵ <b>[b]"),
        ("export A=1 B=$(x) C", "<export A=1 B=$(x) C>[export,A=1,B=$(x)?(<x>[x]),C]"),
        ("exit 1", "<exit 1>[exit,1]"),
        ("exit", "<exit>[exit]"),
        ("set -e; false && true", "<set -e>[set,-e] ; <false>[false] && <true>[true]"),
        ("time a", "Other"),
        ("select x in a b; do c; done", "Other"),
        ("coproc a", "Other"),
        ("a+=1", "opaque<a+=1>"),
        ("a=(1 2) b", "opaque<a=(1 2) b>"),
        ("a[1]=2", "opaque<a[1]=2>"),
        ("alias x=y; x", "opaque: it defines an alias"),
        ("find . -exec rm {} \\;", r"<find . -exec rm {} \;>[find,.,-exec,rm,{},\;→;]"),
        ("find . -exec rm {} +", "<find . -exec rm {} +>[find,.,-exec,rm,{},+]"),
        ("echo {a,b}", "<echo {a,b}>[echo,{a,b}?]"),
        ("echo a\\\nb", "<echo a\\\nb>[echo,a\\\nb→ab]"),
        ("a |\nb &&\nc", "<a>[a] | <b>[b] && <c>[c]"),
        ("x=$(case y in a) b;; esac)", "<x=$(case y in a) b;; esac)>[x:=$(case y in a) b;; esac)?(Case[y,a](<b>[b]))]"),
        ("x=`a \\`b\\``", r"<x=`a \`b\``>[x:=`a \`b\``?(opaque<`a \`b\``>)]"),
        ("echo \"a`b`c\"", r#"<echo "a`b`c">[echo,"a`b`c"?(<b>[b])]"#),
        ("cd /x && ./configure --prefix=\"/opt/$V\" && make -j\"$(nproc)\" && rm -rf /x", r#"<cd /x>[cd,/x] && <./configure --prefix="/opt/$V">[./configure,--prefix="/opt/$V"?] && <make -j"$(nproc)">[make,-j"$(nproc)"?(<nproc>[nproc])] && <rm -rf /x>[rm,-rf,/x]"#),
        ("a;b", "<a>[a] ; <b>[b]"),
        ("a;;b", "opaque: it does not parse as shell"),
        ("a)", "opaque: it does not parse as shell"),
        ("a 'b", "opaque: it does not parse as shell"),
        ("é \"ü\" && ö", r#"<é "ü">[é,"ü"→ü] && <ö>[ö]"#),
        ("a > \"b c\" < d <<< e", r#"<a > "b c" < d <<< e>[a,<> "b c">>"b c"→b c,<< d><d,<<<< e><<<e]"#),
        (">x", "<>x>[<>x>>x]"),
        ("exec 3<>f >&3 3>&-", "<exec 3<>f >&3 3>&->[exec,<3<>f><>f,<>&3>>&3,<3>&->>&-]"),
        ("{ a; b; } | c", "Brace(<a>[a] ; <b>[b] ;) | <c>[c]"),
        ("a && { b || c; }; d", "<a>[a] && Brace(<b>[b] || <c>[c] ;) ; <d>[d]"),
        ("if ! a; then b; fi", "If(! <a>[a] ;)(<b>[b] ;)"),
        ("a ; ; b", "opaque: it is not understood to the last byte"),
        ("if a; then b;fi;c", "If(<a>[a] ;)(<b>[b] ;) ; <c>[c]"),
        ("while :; do a && break; done", "While(<:>[:] ;)(<a>[a] && <break>[break] ;)"),
        ("a&b", "<a>[a] & <b>[b]"),
        ("a &&\n# c\nb", "<a>[a] && <b>[b]"),
        ("\"$x\" y", r#"<"$x" y>["$x"?,y]"#),
        ("ls | while read a; do b; done", "<ls>[ls] | While(<read a>[read,a] ;)(<b>[b] ;)"),
        ("echo a#b #c", "<echo a#b>[echo,a#b]"),
        ("$(a) b", "<$(a) b>[$(a)?(<a>[a]),b]"),
        ("<(a) b", "<<(a) b>[<(a)?(<a>[a]),b]"),
        ("a \"$@\"", r#"<a "$@">[a,"$@"?]"#),
        ("x=\"$(a)\" y", r#"<x="$(a)" y>[x:="$(a)"?(<a>[a]),y]"#),
        ("(a) > x 2>&1 && b", "Subshell(<a>[a])<> x>>x<2>&1>>&1 && <b>[b]"),
        ("if a; then\n  cat <<EOF\nx\nEOF\nfi", r#"If(<a>[a] ;)(<cat <<EOF>[cat,<<<EOF><<EOF="x\n"] ↵)"#),
        ("echo $(cat <<EOF\nx\nEOF\n)", "<echo $(cat <<EOF\nx\nEOF\n)>[echo,$(cat <<EOF\nx\nEOF\n)?(<cat <<EOF>[cat,<<<EOF><<EOF=\"x\\n\"] ↵)]"),
        ("eval \"a; b\"", r#"<eval "a; b">[eval,"a; b"→a; b]"#),
        ("trap 'a' EXIT", "<trap 'a' EXIT>[trap,'a'→a,EXIT]"),
        ("((a && b) || c)", "Subshell(Subshell(<a>[a] && <b>[b]) || <c>[c])"),
        ("a $(( (1+2)*3 ))", "<a $(( (1+2)*3 ))>[a,$(( (1+2)*3 ))?]"),
        ("[ -f x ] && [ ! -d y ]", "<[ -f x ]>[[,-f,x,]] && <[ ! -d y ]>[[,!,-d,y,]]"),
        ("printf '%s\\n' \"a\" | tee x >/dev/null", r#"<printf '%s\n' "a">[printf,'%s\n'→%s\n,"a"→a] | <tee x >/dev/null>[tee,x,<>/dev/null>>/dev/null]"#),
        ("for i in 1 2 3; do (a); done && b", "For[1,2,3](Subshell(<a>[a]) ;) && <b>[b]"),
        ("a 2>/dev/null || true", "<a 2>/dev/null>[a,<2>/dev/null>>/dev/null] || <true>[true]"),
        ("for ((i=0;i<3;i++)); do a; done", "Other"),
        ("echo $'a\\n' $\"b\"", r#"<echo $'a\n' $"b">[echo,$'a\n'?,$"b"?]"#),
        ("a {b} }", "<a {b} }>[a,{b},}]"),
        ("echo if then", "<echo if then>[echo,if,then]"),
        ("a\\\n  b `# c`\\\n  d", "<a\\\n  b `# c`\\\n  d>[a,b,`# c`?(),d]"),
        ("a\\\n\\\n&& b\\\nc; if x\\\n; then y; fi", "<a>[a] && <b\\\nc>[b\\\nc→bc] ; If(<x>[x] ;)(<y>[y] ;)"),
        ("a \\\n&& b", "<a>[a] && <b>[b]"),
        ("time a | b; c", "Other ; <c>[c]"),
        ("! { a; }", "! Brace(<a>[a] ;)"),
        ("cat <<EOF\nx\nEOF", r#"<cat <<EOF>[cat,<<<EOF><<EOF="x\n"] ↵"#),
        ("cat <<EOF\nEOF", r#"<cat <<EOF>[cat,<<<EOF><<EOF=""] ↵"#),
        ("cat <<EOF\nx", "opaque: it is not understood to the last byte"),
        ("foo=~/x", "<foo=~/x>[foo:=~/x?]"),
        ("echo foo=~/x a:~", "<echo foo=~/x a:~>[echo,foo=~/x?,a:~?]"),
        ("a <<'EOF' && b <<EOF2\n1\nEOF\n2\nEOF2\n", r#"<a <<'EOF'>[a,<<<'EOF'><<'EOF'→EOF="1\n"] && <b <<EOF2>[b,<<<EOF2><<EOF2="2\n"] ↵"#),
    ] {
        assert_eq!(tree(text), expected, "{text:?}");
    }
}

#[test]
fn comments() {
    for (text, expected) in [
        ("a # c\n# d\nb # e", &["# c", "# d", "# e"][..]),
        ("# only", &["# only"]),
        ("a \\\n  && b \\\n  # comment\nc", &["# comment"]),
        ("echo a#b #c", &["#c"]),
        ("echo '# no' \"# no\" \\# $# ${#x}", &[]),
        ("if a # x\nthen # y\nb; fi # z", &["# x", "# y", "# z"]),
        ("x=$(a # in\n) # out", &["# in", "# out"]),
        ("cat <<E # c\n# no\nE\n# d", &["# c", "# d"]),
        ("case x in # c\na) # d\nb;; # e\nesac", &["# c", "# d", "# e"]),
    ] {
        let script = Script::parse(text, SourceMap::default());
        assert!(script.body().is_ok(), "{text:?}");
        let found: Vec<&str> = script.comments().iter().map(|span| script.slice(*span)).collect();
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn commands_in_order_of_writing() {
    let text = "a $(b; c `d`) | e && { f; } > $(g); h() { i; }; for x in $(j); do k; done; l <(m)";
    let script = Script::parse(text, SourceMap::default());
    let names: Vec<&str> = script.commands().iter().map(|it| script.slice(it.words[0].span)).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "f", "g", "i", "j", "k", "l", "m"]);
}

#[test]
fn too_much() {
    let long = "a; ".repeat(MAX_LEN / 3 + 1);
    for (text, why) in [
        (long.as_str(), "it is too long"),
        ("a\0b", "it holds a NUL byte"),
        (&"${a:-".repeat(13_000), "it is nested too deeply"),
        (&"$(".repeat(2_001), "it is nested too deeply"),
        (&format!("{}a{}", "(".repeat(200), ")".repeat(200)), "it does not parse as shell"),
        (&format!("{}a{}", "{ ".repeat(200), "; }".repeat(200)), "it does not parse as shell"),
        ("a 'b", "it does not parse as shell"),
        ("x\nalias a=b\na", "it defines an alias"),
    ] {
        let script = Script::parse(text, SourceMap::default());
        assert_eq!(script.body().unwrap_err().0, why, "{:?}", &text[..text.len().min(20)]);
        assert!(script.commands().is_empty());
    }
}

/// What costs the parser most per byte, as long as may be: it ends, and does not go too deep.
#[test]
fn pathological() {
    for atom in [
        "${a:-",
        "$(",
        "`",
        "((",
        "[[ ",
        "{ ",
        "( ",
        "if ",
        "case x in ",
        "<<E ",
        "<<E\n",
        "\"",
        "'",
        "\\",
        "a && ",
        "a | ",
        "a;",
        "$((",
        "${",
        "! ",
        "a<b ",
        "{a,",
        "[",
        "$[",
        "a=(",
        "a[",
        "f() ",
        "<(",
        "#\n",
        "for a in ",
        "while ",
        "\"$(",
        "\"${a}",
        "x=${a%%*}",
        "${a[1]}",
        "$a",
        "a{b}",
        "*",
        "~",
        ";;",
        "\n",
        "a\n",
        "é",
        "{",
        "}",
        "function ",
        "time ",
        "coproc ",
        "time -p ",
        "ti\\\nme ",
        "time ! ",
        "! time ",
        "coproc a ",
        "a=b ",
        "if a; then b; fi; ",
        "a |& ",
        "select x in ",
        "until ",
        "a\\\n",
        "a #b\n",
        "for((",
        "a>b;",
        "3>&1 ",
        "case a in a) b;; esac;",
        "a & ",
        "\\'",
        "\"a\"'b'",
        "elif ",
        "then ",
        "do ",
        "function f ",
        "<<<a ",
        "a=",
        "${x}",
        "$x$y",
        "<>",
        ">|",
        "&>a ",
        "&>>a ",
        "time",
        "{a",
        "{1..2}",
        "a{b,c}",
        "]] ",
        "[[ a ]]; ",
    ] {
        let text = atom.repeat(MAX_LEN / atom.len());
        let length = text.len();
        let script = Script::parse(text, SourceMap::default());
        let end = script.commands().iter().map(|command| command.span.end).max();
        assert!(end.is_none_or(|end| end <= length), "{atom:?} ends at {end:?} of {length}");
    }
}
