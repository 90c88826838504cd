//! Texts to try a parser on: the Dockerfiles of this repository, nasty constructs, and mutants of both.

use std::path::Path;

/// Constructs that other parsers got wrong, and corners of the grammar.
pub const CONSTRUCTS: &[&str] = &[
    "FROM a\nRUN cat <<EOF > f\nRUN b\nEOF\nRUN c\n",
    "FROM a\nRUN python3 <<EOF\nimport os\nEOF\n",
    "FROM a\nRUN cat <<A <<B\na\nA\nb\nB\n",
    "FROM a\nRUN 3<<EOF cat <&3\na\nEOF\n",
    "FROM a\nRUN a && \\\n  cat <<EOF\nb\nEOF\n",
    "FROM a\nRUN <<-EOF\n\ta\n\tEOF\n",
    "FROM a\nRUN <<'EOF'\n$a\nEOF\n",
    "FROM a\nRUN <<\"E F\"\na\nE F\n",
    "FROM a\nRUN <<E\\OF\na\nEOF\n",
    "FROM a\nRUN <<EOF\r\na\r\nEOF\r\nRUN b\r\n",
    "FROM a\nCOPY <<EOF <<-'F' /x/\na\nEOF\n\tb\n\tF\n",
    "FROM a\nADD <<EOF /x\nEOF\n",
    "FROM a\nONBUILD RUN <<EOF\na\nEOF\nRUN b\n",
    "FROM a\nONBUILD COPY <<EOF /x\na\nEOF\n",
    "FROM a\nRUN <<EOF\n",
    "FROM a\nRUN <<EOF",
    "FROM a\nRUN <<EOF;\na\nEOF;\n",
    "FROM a\nRUN a<<EOF\nRUN b\n",
    "FROM a\nRUN cat <<<x\nRUN b\n",
    "FROM a\nRUN echo $((1<<2))\nRUN b\n",
    "FROM a\nRUN echo \"<<EOF\"\nRUN b\n",
    "FROM a\nRUN echo '<<EOF\nRUN b\n",
    "FROM a\nRUN echo \\<<EOF\nRUN b\n",
    "FROM a\nRUN <<\"\"\nRUN b\n",
    "FROM a\nCMD <<EOF\nRUN b\nEOF\n",
    "FROM a\nRUN [\"<<EOF\"]\nRUN b\n",
    "FROM a\nRUN --mount=type=cache,target=/x <<EOF\na\nEOF\n",
    "FROM a\nRUN echo \\\\\nRUN b\n",
    "FROM a\nRUN echo \\\\\\\nRUN b\n",
    "FROM a\nRUN a \\\n# c\n  b\n",
    "FROM a\nRUN a \\\n\n\n  b\n",
    "FROM a\nRUN a \\ \t\n  b\n",
    "FROM a\nRUN a \\\n# c \\\n  b\n",
    "# c \\\nFROM a\nRUN b\n",
    "FROM a\nRUN a \\",
    "FROM a\nRUN a \\\n",
    "FR\\\nOM a\nR\\\nUN b\n",
    "\\\nFROM a\n",
    "FROM a\n\\\n\\\n",
    "  FROM a\n\tRUN b\n",
    "from a as b\nrun c\n",
    "\u{feff}FROM a\nRUN b\n",
    "\u{feff}# escape=`\nFROM a\nRUN b `\n c\n",
    "# escape=`\nFROM a\nRUN dir C:\\\nRUN b `\n  c\nENV a=`\"b` c\nCOPY --chown=a`b c d\n",
    "# Escape = ` \nFROM a\nRUN b `\nc\n",
    "# escape=\\\nFROM a\nRUN b \\\nc\n",
    "# escape=x\nFROM a\n",
    "# escape=\n# escape=`\nFROM a `\n",
    "# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN b `\nc\n",
    "\n# escape=`\nFROM a\nRUN b `\n",
    "# escape=`\n# escape=`\nFROM a\n",
    "FROM a\nENTRYPOINT []\nCMD [ ]\nRUN []\n",
    "FROM a\nRUN [ \"a\" , \"b\\n\\u00e4\" ]\nCMD ['a']\nCMD [\"a\",]\nRUN [ -f x ] && y\n",
    "FROM a\nCMD [\"a\" 1]\nCMD [1]\n",
    "FROM a\nVOLUME [\"/a\", \"/b\"]\nVOLUME /a  /b\nCOPY [\"a b\", \"c\"]\nCOPY a\tb  c\n",
    "FROM a\nSHELL [\"/bin/bash\", \"-c\"]\nSHELL []\nSHELL a\n",
    "FROM a\nHEALTHCHECK --interval=1s CMD a b\nHEALTHCHECK NONE\nHEALTHCHECK CMD [\"a\"]\nHEALTHCHECK  cmd  a\n",
    "FROM a\nENV a b c\nENV a=b c=d\nENV a=\"b c\" d='e f' g=h\\ i\nENV a=\nENV a=b=c\n",
    "FROM a\nENV a='\\'b'\nENV a=\"\\\"b\"\nENV a=b\\\\\nENV \"a b\"=c\n",
    "FROM a\nENV a\n",
    "FROM a\nENV a=b c\n",
    "FROM a\nENV\n",
    "FROM a\nENV a=\"b\\\n  c\" \\\n  d=e\n",
    "FROM a\nLABEL a b\nLABEL a.b=c \"d e\"=f\nLABEL a='b \\\n# no\n c'\n",
    "ARG a\nARG b=c d=\"e f\"\nFROM a:$b\nARG a b\nARG\n",
    "FROM a\nEXPOSE 80 443/tcp 1-3\nEXPOSE 127.0.0.1:80:80\nUSER a : b\nWORKDIR a b \nSTOPSIGNAL 9\nMAINTAINER a <b@c>\n",
    "FROM --platform=$BUILDPLATFORM a AS b\nCOPY --from=b --chown=1:1 c d\nCOPY --from=\"b c\" --chown=a\\ b c d\n",
    "FROM a\nCOPY -- --from=x y\nCOPY --from=x -- --y z\nCOPY --\nRUN --x\nRUN --x --\n",
    "FROM a\nCOPY --from=\"x y\nCOPY --from='x' 'y' z\nRUN --a=\\\n",
    "FROM a\nRUN --mount=type=cache,\\\ntarget=/x \\\n --network=none a\n",
    "FROM a\nONBUILD ENV a=b\nonbuild run a\nONBUILD CMD [\"a\"]\nONBUILD ONBUILD RUN a\nONBUILD\nONBUILD HEALTHCHECK NONE\n",
    "FROM a\nRUN\nCMD\nENTRYPOINT\nUSER\n",
    "FROM a\nRUNN a\n&& b\n}\n",
    "RUN a\n",
    "",
    "\n\n# a\n",
    "FROM\u{b}a\nRUN\u{c}b\nRUN\u{a0}c\nRUN \u{a0}d\u{a0}\n\u{2003}RUN e\n",
    "FROM a\nRUN ä ö\nENV ä=ö\nLABEL x=\u{85}y\nRUN b\u{85}\\\n c\n",
    "FROM a\r\nRUN b \\\r\n  c\r\nRUN d\r\r\nRUN e\rf\n",
    "FROM a\nRUN a # b \\\n && c\n",
    "FROM a\nRUN echo ${x:-<<EOF}\nRUN b\n",
    "FROM a\nRUN a <<EOF b\\\nc <<F\nEOF\nF\n",
    "FROM a\nHEALTHCHECK\nHEALTHCHECK x\nHEALTHCHECK CMD\nEXPOSE\nVOLUME\nCOPY\nADD a\nSTOPSIGNAL\nLABEL\n",
];

/// SplitMix64: the same texts on each run.
pub struct Rng(pub u64);

impl Rng {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// What is put into a text.
const PIECES: &[&str] = &[
    "\\",
    "\\\n",
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "\t",
    "#",
    "\n# c\n",
    "\"",
    "'",
    "$",
    "${a}",
    "${a:-b}",
    "`",
    "[",
    "]",
    ",",
    "=",
    "<",
    "<<",
    "<<EOF",
    "<<-E",
    "<<'E'",
    "\nEOF\n",
    "\nE\n",
    "--",
    "--a=b ",
    "-",
    "{",
    "}",
    "RUN ",
    "\nRUN a\n",
    "ONBUILD ",
    "ENV ",
    "\nCOPY a b\n",
    "COPY ",
    "\u{feff}",
    "ä",
    "\u{a0}",
    "\u{b}",
    "[\"a\"]",
    "\\\\",
    "# escape=`\n",
    "HEALTHCHECK ",
    "CMD ",
    "3",
];

/// A mutant of `text`: up to six places changed, now and then spliced with `other`.
pub fn mutate(text: &str, other: &str, rng: &mut Rng) -> String {
    let mut text = text.to_owned();
    for _ in 0..=rng.below(6) {
        let (start, end) = (place(&text, rng), place(&text, rng));
        match rng.below(8) {
            0..=3 => text.insert_str(start, rng.pick(PIECES)),
            4 => text.replace_range(start..next_place(&text, start), ""),
            5 => text.replace_range(start.min(end)..start.max(end).min(next_line(&text, start.min(end))), ""),
            6 => {
                let line = text[start..next_line(&text, start)].to_owned();
                text.insert_str(end, &line);
            }
            _ => {
                let from = place(other, rng);
                text.insert_str(start, &other[from..next_line(other, from)]);
            }
        }
    }
    text
}

fn place(text: &str, rng: &mut Rng) -> usize {
    let mut at = rng.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn next_place(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(0, char::len_utf8)
}

fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |len| at + len + 1)
}

/// The constructs, and every Dockerfile under `examples/` and `snapshots/`.
pub fn texts() -> Vec<String> {
    let mut texts: Vec<String> = CONSTRUCTS.iter().map(ToString::to_string).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["examples", "snapshots"] {
        collect(&root.join(folder), &mut texts);
    }
    texts
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, texts);
        } else if path.file_name().is_some_and(|name| name.to_string_lossy().contains("Dockerfile")) {
            texts.extend(std::fs::read_to_string(&path));
        }
    }
}

/// `count` mutants of `sources`.
pub fn mutants<T: AsRef<str>>(sources: &[T], count: usize, seed: u64) -> Vec<String> {
    let mut rng = Rng(seed);
    let one = |_| {
        let (text, other) = (rng.below(sources.len()), rng.below(sources.len()));
        mutate(sources[text].as_ref(), sources[other].as_ref(), &mut rng)
    };
    (0..count).map(one).collect()
}
