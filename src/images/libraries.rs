//! Libraries by what a program is linked with, and by the package that has their headers; what a program needs of them when
//! it runs. Packages of Debian and Ubuntu: their names change with the release.
//!
//! <https://packages.debian.org/>, <https://packages.ubuntu.com/>; in Debian 13 and Ubuntu 24.04 many names end with `t64`:
//! <https://wiki.debian.org/ReleaseGoals/64bit-time>

/// A library.
#[derive(Debug)]
pub struct Library {
    /// How builds name it, in small letters: the name behind `-l`, that of pkg-config, targets of CMake.
    links: &'static [&'static str],
    /// Packages with its headers.
    headers: &'static [&'static str],
    /// Packages that have it, by release; a row without releases is for all of them.
    packages: &'static [(&'static [&'static str], &'static [&'static str])],
}

const NONE: &[(&[&str], &[&str])] = &[(&[], &[])];
/// Before the names with `t64`.
const BEFORE: &[&str] = &["buster", "bullseye", "bookworm", "focal", "jammy"];
/// Since then.
const T64: &[&str] = &["trixie", "noble"];

static LIBRARIES: &[Library] = &[
    // Of the C library and the compiler: in every image that has apt, which is written in C++.
    Library {
        links: &[
            "m",
            "pthread",
            "dl",
            "rt",
            "c",
            "gcc",
            "gcc_s",
            "stdc++",
            "stdc++fs",
            "util",
            "resolv",
            "threads::threads",
            "cmake_thread_libs_init",
            "cmake_dl_libs",
        ],
        headers: &["libc6-dev", "libc-dev", "linux-libc-dev", "libstdc++-dev"],
        packages: NONE,
    },
    // Headers and archives alone.
    Library {
        links: &[
            "gtest",
            "gtest_main",
            "gmock",
            "gmock_main",
            "gtest::gtest",
            "gtest::gtest_main",
            "gtest::main",
            "gtest::gmock",
            "nlohmann_json::nlohmann_json",
            "nlohmann_json",
            "eigen3::eigen",
            "asio",
            "rapidjson",
            "cli11::cli11",
            "boost::boost",
            "boost::headers",
            "catch2::catch2",
            "catch2::catch2withmain",
            "doctest::doctest",
            "fmt::fmt-header-only",
            "spdlog::spdlog_header_only",
        ],
        headers: &[
            "libgtest-dev",
            "libgmock-dev",
            "googletest",
            "nlohmann-json3-dev",
            "libeigen3-dev",
            "libasio-dev",
            "rapidjson-dev",
            "libcli11-dev",
            "libboost-dev",
            "catch2",
            "doctest-dev",
        ],
        packages: NONE,
    },
    Library {
        links: &["sqlite3", "sqlite::sqlite3", "sqlite3::sqlite3", "sqlite"],
        headers: &["libsqlite3-dev"],
        packages: &[(&[], &["libsqlite3-0"])],
    },
    Library { links: &["z", "zlib", "zlib::zlib"], headers: &["zlib1g-dev"], packages: &[(&[], &["zlib1g"])] },
    Library {
        links: &["ssl", "crypto", "openssl", "openssl::ssl", "openssl::crypto", "libssl", "libcrypto"],
        headers: &["libssl-dev"],
        packages: &[
            (&["buster", "bullseye", "focal"], &["libssl1.1"]),
            (&["bookworm", "jammy"], &["libssl3"]),
            (T64, &["libssl3t64"]),
        ],
    },
    Library {
        links: &["curl", "libcurl", "curl::libcurl"],
        headers: &["libcurl4-openssl-dev"],
        packages: &[(BEFORE, &["libcurl4"]), (T64, &["libcurl4t64"])],
    },
    Library {
        links: &["pq", "libpq", "postgresql", "postgresql::postgresql"],
        headers: &["libpq-dev"],
        packages: &[(&[], &["libpq5"])],
    },
    Library {
        links: &["mariadb", "mariadbclient", "libmariadb"],
        headers: &["libmariadb-dev"],
        packages: &[(&[], &["libmariadb3"])],
    },
    Library {
        links: &["xml2", "libxml-2.0", "libxml2", "libxml2::libxml2"],
        headers: &["libxml2-dev"],
        packages: &[(&["buster", "bullseye", "bookworm", "trixie", "focal", "jammy", "noble"], &["libxml2"])],
    },
    Library {
        links: &["jsoncpp", "jsoncpp_lib"],
        headers: &["libjsoncpp-dev"],
        packages: &[
            (&["bullseye"], &["libjsoncpp24"]),
            (&["bookworm", "jammy", "noble"], &["libjsoncpp25"]),
            (&["trixie"], &["libjsoncpp26"]),
            (&["focal"], &["libjsoncpp1"]),
        ],
    },
    Library {
        links: &["yaml-cpp", "yaml-cpp::yaml-cpp", "yaml_cpp"],
        headers: &["libyaml-cpp-dev"],
        packages: &[
            (&["bullseye", "focal"], &["libyaml-cpp0.6"]),
            (&["bookworm", "jammy"], &["libyaml-cpp0.7"]),
            (&["trixie", "noble"], &["libyaml-cpp0.8"]),
        ],
    },
    Library {
        links: &["fmt", "fmt::fmt"],
        headers: &["libfmt-dev"],
        packages: &[
            (&["bullseye"], &["libfmt7"]),
            (&["jammy"], &["libfmt8"]),
            (&["bookworm", "noble"], &["libfmt9"]),
            (&["trixie"], &["libfmt10"]),
        ],
    },
    Library {
        links: &["boost_system", "boost::system"],
        headers: &["libboost-system-dev"],
        packages: &[
            (&["bullseye", "bookworm", "jammy"], &["libboost-system1.74.0"]),
            (&["focal"], &["libboost-system1.71.0"]),
            (T64, &["libboost-system1.83.0"]),
        ],
    },
    Library {
        links: &["boost_filesystem", "boost::filesystem"],
        headers: &["libboost-filesystem-dev"],
        packages: &[
            (&["bullseye", "bookworm", "jammy"], &["libboost-filesystem1.74.0"]),
            (&["focal"], &["libboost-filesystem1.71.0"]),
            (T64, &["libboost-filesystem1.83.0"]),
        ],
    },
    Library {
        links: &["boost_thread", "boost::thread"],
        headers: &["libboost-thread-dev"],
        packages: &[
            (&["bullseye", "bookworm", "jammy"], &["libboost-thread1.74.0"]),
            (&["focal"], &["libboost-thread1.71.0"]),
            (T64, &["libboost-thread1.83.0"]),
        ],
    },
    Library {
        links: &["boost_program_options", "boost::program_options"],
        headers: &["libboost-program-options-dev"],
        packages: &[
            (&["bullseye", "bookworm", "jammy"], &["libboost-program-options1.74.0"]),
            (&["focal"], &["libboost-program-options1.71.0"]),
            (T64, &["libboost-program-options1.83.0"]),
        ],
    },
    Library {
        links: &["uv", "libuv"],
        headers: &["libuv1-dev"],
        packages: &[(BEFORE, &["libuv1"]), (T64, &["libuv1t64"])],
    },
    Library {
        links: &["png", "png16", "libpng", "png::png"],
        headers: &["libpng-dev"],
        packages: &[(BEFORE, &["libpng16-16"]), (T64, &["libpng16-16t64"])],
    },
    Library {
        links: &["ncurses", "ncursesw", "tinfo", "curses"],
        headers: &["libncurses-dev", "libncurses5-dev", "libncursesw5-dev"],
        packages: &[(&[], &["libncurses6", "libncursesw6", "libtinfo6"])],
    },
    Library {
        links: &["readline"],
        headers: &["libreadline-dev"],
        packages: &[(&["bullseye", "bookworm", "focal", "jammy"], &["libreadline8"]), (T64, &["libreadline8t64"])],
    },
    Library { links: &["pcre2-8", "libpcre2-8"], headers: &["libpcre2-dev"], packages: &[(&[], &["libpcre2-8-0"])] },
    Library { links: &["sodium", "libsodium"], headers: &["libsodium-dev"], packages: &[(&[], &["libsodium23"])] },
    Library {
        links: &["microhttpd", "libmicrohttpd"],
        headers: &["libmicrohttpd-dev"],
        packages: &[(BEFORE, &["libmicrohttpd12"]), (T64, &["libmicrohttpd12t64"])],
    },
    Library {
        links: &["hiredis", "hiredis::hiredis"],
        headers: &["libhiredis-dev"],
        packages: &[
            (&["buster", "bullseye", "bookworm", "focal", "jammy"], &["libhiredis0.14"]),
            (T64, &["libhiredis1.1.0"]),
        ],
    },
    Library { links: &["zmq", "libzmq"], headers: &["libzmq3-dev"], packages: &[(&[], &["libzmq5"])] },
    Library { links: &["gmp"], headers: &["libgmp-dev"], packages: &[(&[], &["libgmp10"])] },
    Library { links: &["gmpxx"], headers: &[], packages: &[(&[], &["libgmpxx4ldbl"])] },
    Library { links: &["uuid"], headers: &["uuid-dev"], packages: &[(&[], &["libuuid1"])] },
    Library { links: &["jansson"], headers: &["libjansson-dev"], packages: &[(&[], &["libjansson4"])] },
    Library { links: &["bz2", "bzip2::bzip2"], headers: &["libbz2-dev"], packages: &[(&[], &["libbz2-1.0"])] },
    Library {
        links: &["lzma", "liblzma", "liblzma::liblzma"],
        headers: &["liblzma-dev"],
        packages: &[(&[], &["liblzma5"])],
    },
    Library { links: &["zstd", "libzstd"], headers: &["libzstd-dev"], packages: &[(&[], &["libzstd1"])] },
    Library { links: &["lz4", "liblz4"], headers: &["liblz4-dev"], packages: &[(&[], &["liblz4-1"])] },
    Library { links: &["atomic"], headers: &[], packages: &[(&[], &["libatomic1"])] },
    Library { links: &["cjson", "libcjson"], headers: &["libcjson-dev"], packages: &[(&[], &["libcjson1"])] },
    Library { links: &["edit", "libedit"], headers: &["libedit-dev"], packages: &[(&[], &["libedit2"])] },
    Library {
        links: &["mysqlclient", "libmysqlclient"],
        headers: &["default-libmysqlclient-dev", "libmysqlclient-dev"],
        packages: &[
            (&["buster", "bullseye", "bookworm", "trixie"], &["libmariadb3"]),
            (&["focal", "jammy", "noble"], &["libmysqlclient21"]),
        ],
    },
    Library {
        links: &["spdlog", "spdlog::spdlog"],
        headers: &["libspdlog-dev"],
        packages: &[
            (&["bullseye", "focal", "jammy"], &["libspdlog1"]),
            (&["bookworm"], &["libspdlog1.10"]),
            (&["noble"], &["libspdlog1.12"]),
            (&["trixie"], &["libspdlog1.15"]),
        ],
    },
    Library {
        links: &["jpeg", "jpeg::jpeg", "libjpeg"],
        headers: &["libjpeg-dev", "libjpeg62-turbo-dev", "libjpeg-turbo8-dev"],
        packages: &[
            (&["buster", "bullseye", "bookworm", "trixie"], &["libjpeg62-turbo"]),
            (&["focal", "jammy", "noble"], &["libjpeg-turbo8"]),
        ],
    },
    Library {
        links: &["event", "libevent"],
        headers: &["libevent-dev"],
        packages: &[(&["bullseye", "bookworm", "focal", "jammy"], &["libevent-2.1-7"]), (T64, &["libevent-2.1-7t64"])],
    },
    Library {
        links: &["gomp", "openmp::openmp_c", "openmp::openmp_cxx"],
        headers: &[],
        packages: &[(&[], &["libgomp1"])],
    },
];

impl Library {
    /// What of it a program needs when it runs, in `release`; `None` if that is not known.
    #[must_use]
    pub fn packages(&self, release: Option<&str>) -> Option<&'static [&'static str]> {
        let of = |releases: &[&str]| releases.is_empty() || release.is_some_and(|release| releases.contains(&release));
        self.packages.iter().find(|(releases, _)| of(releases)).map(|(_, packages)| *packages)
    }

    /// Whether it may look for certificates.
    #[must_use]
    pub fn is_of_tls(&self) -> bool {
        self.links.iter().any(|name| matches!(*name, "ssl" | "curl"))
    }
}

/// The library that a build names so: `-lz`, `ZLIB::ZLIB`, `${ZLIB_LIBRARIES}`.
#[must_use]
pub fn linked(name: &str) -> Option<&'static Library> {
    let name = name.strip_prefix("-l").unwrap_or(name).to_ascii_lowercase();
    let name = name.strip_prefix("${").and_then(|name| name.strip_suffix('}')).unwrap_or(&name);
    let plain = ["_libraries", "_library", "_libs", "_ldflags"].iter().find_map(|end| name.strip_suffix(end));
    let known = |name: &str| LIBRARIES.iter().find(|library| library.links.contains(&name));
    known(name).or_else(|| known(plain?))
}

/// The library of whose headers a package is.
#[must_use]
pub fn of_headers(package: &str) -> Option<&'static Library> {
    // `libstdc++-12-dev`
    let plain = package.strip_prefix("libstdc++-").map(|_| "libstdc++-dev");
    LIBRARIES.iter().find(|library| library.headers.contains(&plain.unwrap_or(package)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_needs_when_it_runs() {
        for (name, release, expected) in [
            ("-lsqlite3", None, Some("libsqlite3-0")),
            ("SQLite::SQLite3", Some("jammy"), Some("libsqlite3-0")),
            ("${SQLite3_LIBRARIES}", Some("trixie"), Some("libsqlite3-0")),
            ("OpenSSL::SSL", Some("bookworm"), Some("libssl3")),
            ("${OPENSSL_LIBRARIES}", Some("noble"), Some("libssl3t64")),
            ("-lssl", Some("focal"), Some("libssl1.1")),
            ("-lssl", Some("sid"), None),
            ("-lssl", None, None),
            ("-lpthread", None, Some("")),
            ("Threads::Threads", None, Some("")),
            ("ncurses", Some("bookworm"), Some("libncurses6 libncursesw6 libtinfo6")),
            ("Qt5::Core", Some("bookworm"), None),
        ] {
            let found = linked(name).and_then(|library| library.packages(release)).map(|packages| packages.join(" "));
            assert_eq!(found.as_deref(), expected, "{name} in {release:?}");
        }
    }

    #[test]
    fn no_name_stands_for_two() {
        for (at, library) in LIBRARIES.iter().enumerate() {
            for other in &LIBRARIES[at + 1..] {
                assert!(library.links.iter().all(|name| !other.links.contains(name)), "{library:?} {other:?}");
                assert!(library.headers.iter().all(|name| !other.headers.contains(name)), "{library:?} {other:?}");
            }
        }
        assert!(of_headers("libstdc++-12-dev").is_some() && of_headers("libfoo-dev").is_none());
    }
}
