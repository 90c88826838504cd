//! Compilers of C and C++: what a command line makes, and what that is linked with.
//!
//! <https://gcc.gnu.org/onlinedocs/gcc/Option-Summary.html>, <https://gcc.gnu.org/onlinedocs/gcc/Link-Options.html>

/// What a command line makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compilation {
    /// The file that it writes; `None`: the compiler's own choice.
    pub output: Option<String>,
    /// It is linked: a program, not an object.
    pub links: bool,
    /// What it is linked with, besides the compiler's own libraries: `sqlite3` for `-lsqlite3`.
    pub libraries: Vec<String>,
}

/// Whether a program is a compiler: `gcc`, `c++`, `clang-15`, `x86_64-linux-gnu-gcc` is not.
#[must_use]
pub fn is_compiler(program: &str) -> bool {
    let name = program.rsplit_once('-').filter(|(_, version)| is_version(version)).map_or(program, |(name, _)| name);
    matches!(name, "gcc" | "g++" | "cc" | "c++" | "clang" | "clang++")
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Reads the arguments of a compiler.
///
/// # Errors
/// Why what it makes may need more when it runs.
pub fn compilation<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Compilation, String> {
    let mut found = Compilation { links: true, ..Compilation::default() };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` without a value"));
        match argument {
            "-c" | "-S" | "-E" | "-M" | "-MM" | "-fsyntax-only" => found.links = false,
            "-o" => found.output = Some(value()?.to_owned()),
            "-l" => found.libraries.push(value()?.to_owned()),
            "-I" | "-D" | "-U" | "-L" | "-x" | "-include" | "-isystem" | "-iquote" | "-idirafter" | "-MF" | "-MT"
            | "-MQ" => {
                value()?;
            }
            "-Xlinker" | "-T" | "-specs" | "-B" => return Err(format!("`{argument}` says how it is linked")),
            _ => flag(argument, &mut found.libraries)?,
        }
        if let Some(output) = argument.strip_prefix("-o").filter(|output| !output.is_empty()) {
            found.output = Some(output.to_owned());
        }
    }
    Ok(found)
}

/// What a single argument has a program linked with.
///
/// # Errors
/// Why it may need more when it runs.
pub fn flag(argument: &str, libraries: &mut Vec<String>) -> Result<(), String> {
    const MORE: &[&str] = &[
        "-shared",
        "-fsanitize",
        "-fprofile",
        "--coverage",
        "-m32",
        "-mx32",
        "-stdlib=libc++",
        "-fplugin",
        "-specs",
        "--sysroot",
        "-dynamiclib",
        "-nostdlib",
        "-nodefaultlibs",
        "-T",
        "-B",
        "-ftrapuv",
        "@",
        "-lgfortran",
    ];
    if let Some(start) = MORE.iter().find(|start| argument.starts_with(**start)) {
        return Err(format!("`{}` says how it is linked", if *start == "@" { argument } else { start }));
    }
    if let Some(library) = argument.strip_prefix("-l") {
        libraries.push(library.to_owned());
    } else if let Some(options) = argument.strip_prefix("-Wl,") {
        const PLAIN: &[&str] = &[
            "--as-needed",
            "--no-as-needed",
            "--gc-sections",
            "--strip-all",
            "-s",
            "-S",
            "-z",
            "relro",
            "now",
            "noexecstack",
            "-O1",
            "-O2",
            "-O3",
            "--start-group",
            "--end-group",
            "-Bstatic",
            "-Bdynamic",
            "--build-id",
            "--hash-style=gnu",
            "--fatal-warnings",
            "--warn-common",
        ];
        if let Some(option) = options.split(',').find(|option| !PLAIN.contains(option)) {
            return Err(format!("`-Wl,{option}` says how it is linked"));
        }
    } else if argument == "-fopenmp" || argument == "-fopenmp-simd" {
        libraries.push("gomp".into());
    } else if argument.ends_with(".so") || argument.contains(".so.") {
        return Err(format!("it is linked with {argument}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made() {
        for (text, output, links, libraries) in [
            ("-O2 -o app main.c -lsqlite3 -lm", Some("app"), true, "sqlite3 m"),
            ("main.c -oapp -l z -fopenmp -Wl,--as-needed,-s", Some("app"), true, "z gomp"),
            ("-c main.c -o main.o -I include -D X", Some("main.o"), false, ""),
            ("-static -pthread main.c", None, true, ""),
        ] {
            let found = compilation(text.split(' ')).expect(text);
            assert_eq!(
                (found.output.as_deref(), found.links, &*found.libraries.join(" ")),
                (output, links, libraries),
                "{text}"
            );
        }
        for text in [
            "-shared -o a.so a.c",
            "a.c -Wl,-rpath,/opt/x",
            "a.c libx.so",
            "a.c /x/liby.so.2",
            "-fsanitize=address a.c",
            "a.c -o",
            "@args",
        ] {
            assert!(compilation(text.split(' ')).is_err(), "{text}");
        }
        assert!(is_compiler("g++-12") && is_compiler("clang") && !is_compiler("gcc-ar") && !is_compiler("cmake"));
    }
}
