//! Libraries by what a program is linked with, and by the package that has their headers; what a program needs of them when
//! it runs. Packages of Debian and Ubuntu: their names change with the release.
//!
//! <https://packages.debian.org/>, <https://packages.ubuntu.com/>; in Debian 13 and Ubuntu 24.04 many names end with `t64`:
//! <https://wiki.debian.org/ReleaseGoals/64bit-time>

use super::Family;
use Where::{All, Debian, In};

/// A library.
#[derive(Debug)]
pub struct Library {
    /// How builds name it, in small letters: the name behind `-l`, that of pkg-config, targets of CMake.
    links: &'static [&'static str],
    /// Packages with its headers.
    headers: &'static [&'static str],
    /// Packages that have it.
    packages: &'static [(Where, &'static [&'static str])],
    /// What apt finds them by in every release of Debian from 11 on, where their names change: regular expressions.
    patterns: &'static [&'static str],
}

/// Where packages are called so.
#[derive(Debug)]
enum Where {
    /// In every release of Debian and Ubuntu.
    All,
    /// In every release of Debian from 10 on.
    Debian,
    /// In these releases.
    In(&'static [&'static str]),
}

impl Where {
    /// Whether that is so in a release, or, where it is not known, in all of the family.
    fn holds(&self, family: Family, release: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Debian => family == Family::Debian,
            Self::In(releases) => release.is_some_and(|release| releases.contains(&release)),
        }
    }
}

const NONE: &[(Where, &[&str])] = &[(Where::All, &[])];
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
        patterns: &[],
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
        patterns: &[],
    },
    Library {
        links: &["sqlite3", "sqlite::sqlite3", "sqlite3::sqlite3", "sqlite"],
        headers: &["libsqlite3-dev"],
        packages: &[(All, &["libsqlite3-0"])],
        patterns: &[],
    },
    Library {
        links: &["z", "zlib", "zlib::zlib"],
        headers: &["zlib1g-dev"],
        packages: &[(All, &["zlib1g"])],
        patterns: &[],
    },
    Library {
        links: &["ssl", "crypto", "openssl", "openssl::ssl", "openssl::crypto", "libssl", "libcrypto"],
        headers: &["libssl-dev"],
        packages: &[
            (In(&["buster", "bullseye", "focal"]), &["libssl1.1"]),
            (In(&["bookworm", "jammy"]), &["libssl3"]),
            (In(T64), &["libssl3t64"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["curl", "libcurl", "curl::libcurl"],
        headers: &["libcurl4-openssl-dev"],
        packages: &[(In(BEFORE), &["libcurl4"]), (In(T64), &["libcurl4t64"])],
        patterns: &[],
    },
    Library {
        links: &["pq", "libpq", "postgresql", "postgresql::postgresql"],
        headers: &["libpq-dev"],
        packages: &[(All, &["libpq5"])],
        patterns: &[],
    },
    Library {
        links: &["mariadb", "mariadbclient", "libmariadb"],
        headers: &["libmariadb-dev"],
        packages: &[(All, &["libmariadb3"])],
        patterns: &[],
    },
    Library {
        links: &["xml2", "libxml-2.0", "libxml2", "libxml2::libxml2"],
        headers: &["libxml2-dev"],
        packages: &[(In(&["buster", "bullseye", "bookworm", "trixie", "focal", "jammy", "noble"]), &["libxml2"])],
        patterns: &[],
    },
    Library {
        links: &["jsoncpp", "jsoncpp_lib"],
        headers: &["libjsoncpp-dev"],
        packages: &[
            (In(&["bullseye"]), &["libjsoncpp24"]),
            (In(&["bookworm", "jammy", "noble"]), &["libjsoncpp25"]),
            (In(&["trixie"]), &["libjsoncpp26"]),
            (In(&["focal"]), &["libjsoncpp1"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["yaml-cpp", "yaml-cpp::yaml-cpp", "yaml_cpp"],
        headers: &["libyaml-cpp-dev"],
        packages: &[
            (In(&["bullseye", "focal"]), &["libyaml-cpp0.6"]),
            (In(&["bookworm", "jammy"]), &["libyaml-cpp0.7"]),
            (In(&["trixie", "noble"]), &["libyaml-cpp0.8"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["fmt", "fmt::fmt"],
        headers: &["libfmt-dev"],
        packages: &[
            (In(&["bullseye"]), &["libfmt7"]),
            (In(&["jammy"]), &["libfmt8"]),
            (In(&["bookworm", "noble"]), &["libfmt9"]),
            (In(&["trixie"]), &["libfmt10"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["boost_system", "boost::system"],
        headers: &["libboost-system-dev"],
        packages: &[
            (In(&["bullseye", "bookworm", "jammy"]), &["libboost-system1.74.0"]),
            (In(&["focal"]), &["libboost-system1.71.0"]),
            (In(T64), &["libboost-system1.83.0"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["boost_filesystem", "boost::filesystem"],
        headers: &["libboost-filesystem-dev"],
        packages: &[
            (In(&["bullseye", "bookworm", "jammy"]), &["libboost-filesystem1.74.0"]),
            (In(&["focal"]), &["libboost-filesystem1.71.0"]),
            (In(T64), &["libboost-filesystem1.83.0"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["boost_thread", "boost::thread"],
        headers: &["libboost-thread-dev"],
        packages: &[
            (In(&["bullseye", "bookworm", "jammy"]), &["libboost-thread1.74.0"]),
            (In(&["focal"]), &["libboost-thread1.71.0"]),
            (In(T64), &["libboost-thread1.83.0"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["boost_program_options", "boost::program_options"],
        headers: &["libboost-program-options-dev"],
        packages: &[
            (In(&["bullseye", "bookworm", "jammy"]), &["libboost-program-options1.74.0"]),
            (In(&["focal"]), &["libboost-program-options1.71.0"]),
            (In(T64), &["libboost-program-options1.83.0"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["uv", "libuv"],
        headers: &["libuv1-dev"],
        packages: &[(In(BEFORE), &["libuv1"]), (In(T64), &["libuv1t64"])],
        patterns: &[],
    },
    Library {
        links: &["png", "png16", "libpng", "png::png"],
        headers: &["libpng-dev"],
        packages: &[(In(BEFORE), &["libpng16-16"]), (In(T64), &["libpng16-16t64"])],
        patterns: &["'^libpng16-16(t64)?$'"],
    },
    Library {
        links: &["ncurses", "ncursesw", "tinfo", "curses"],
        headers: &["libncurses-dev", "libncurses5-dev", "libncursesw5-dev"],
        packages: &[(All, &["libncurses6", "libncursesw6", "libtinfo6"])],
        patterns: &[],
    },
    Library {
        links: &["readline"],
        headers: &["libreadline-dev"],
        packages: &[
            (In(&["bullseye", "bookworm", "focal", "jammy"]), &["libreadline8"]),
            (In(T64), &["libreadline8t64"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["pcre2-8", "libpcre2-8"],
        headers: &["libpcre2-dev"],
        packages: &[(All, &["libpcre2-8-0"])],
        patterns: &[],
    },
    Library {
        links: &["sodium", "libsodium"],
        headers: &["libsodium-dev"],
        packages: &[(All, &["libsodium23"])],
        patterns: &[],
    },
    Library {
        links: &["microhttpd", "libmicrohttpd"],
        headers: &["libmicrohttpd-dev"],
        packages: &[(In(BEFORE), &["libmicrohttpd12"]), (In(T64), &["libmicrohttpd12t64"])],
        patterns: &[],
    },
    Library {
        links: &["hiredis", "hiredis::hiredis"],
        headers: &["libhiredis-dev"],
        packages: &[
            (In(&["buster", "bullseye", "bookworm", "focal", "jammy"]), &["libhiredis0.14"]),
            (In(T64), &["libhiredis1.1.0"]),
        ],
        patterns: &[],
    },
    Library { links: &["zmq", "libzmq"], headers: &["libzmq3-dev"], packages: &[(All, &["libzmq5"])], patterns: &[] },
    Library { links: &["gmp"], headers: &["libgmp-dev"], packages: &[(All, &["libgmp10"])], patterns: &[] },
    Library { links: &["gmpxx"], headers: &[], packages: &[(All, &["libgmpxx4ldbl"])], patterns: &[] },
    Library { links: &["uuid"], headers: &["uuid-dev"], packages: &[(All, &["libuuid1"])], patterns: &[] },
    Library { links: &["jansson"], headers: &["libjansson-dev"], packages: &[(All, &["libjansson4"])], patterns: &[] },
    Library {
        links: &["bz2", "bzip2::bzip2"],
        headers: &["libbz2-dev"],
        packages: &[(All, &["libbz2-1.0"])],
        patterns: &[],
    },
    Library {
        links: &["lzma", "liblzma", "liblzma::liblzma"],
        headers: &["liblzma-dev"],
        packages: &[(All, &["liblzma5"])],
        patterns: &[],
    },
    Library {
        links: &["zstd", "libzstd"],
        headers: &["libzstd-dev"],
        packages: &[(All, &["libzstd1"])],
        patterns: &[],
    },
    Library { links: &["lz4", "liblz4"], headers: &["liblz4-dev"], packages: &[(All, &["liblz4-1"])], patterns: &[] },
    Library { links: &["atomic"], headers: &[], packages: &[(All, &["libatomic1"])], patterns: &[] },
    Library {
        links: &["cjson", "libcjson"],
        headers: &["libcjson-dev"],
        packages: &[(All, &["libcjson1"])],
        patterns: &[],
    },
    Library {
        links: &["edit", "libedit"],
        headers: &["libedit-dev"],
        packages: &[(All, &["libedit2"])],
        patterns: &[],
    },
    Library {
        links: &["mysqlclient", "libmysqlclient"],
        headers: &["default-libmysqlclient-dev", "libmysqlclient-dev"],
        packages: &[(Debian, &["libmariadb3"]), (In(&["focal", "jammy", "noble"]), &["libmysqlclient21"])],
        patterns: &[],
    },
    Library {
        links: &["spdlog", "spdlog::spdlog"],
        headers: &["libspdlog-dev"],
        packages: &[
            (In(&["bullseye", "focal", "jammy"]), &["libspdlog1"]),
            (In(&["bookworm"]), &["libspdlog1.10"]),
            (In(&["noble"]), &["libspdlog1.12"]),
            (In(&["trixie"]), &["libspdlog1.15"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["jpeg", "jpeg::jpeg", "libjpeg"],
        headers: &["libjpeg-dev", "libjpeg62-turbo-dev", "libjpeg-turbo8-dev"],
        packages: &[(Debian, &["libjpeg62-turbo"]), (In(&["focal", "jammy", "noble"]), &["libjpeg-turbo8"])],
        patterns: &[],
    },
    Library {
        links: &["event", "libevent"],
        headers: &["libevent-dev"],
        packages: &[
            (In(&["bullseye", "bookworm", "focal", "jammy"]), &["libevent-2.1-7"]),
            (In(T64), &["libevent-2.1-7t64"]),
        ],
        patterns: &[],
    },
    Library {
        links: &["gomp", "openmp::openmp_c", "openmp::openmp_cxx"],
        headers: &[],
        packages: &[(All, &["libgomp1"])],
        patterns: &[],
    },
    Library {
        links: &["xslt", "libxslt", "exslt"],
        headers: &["libxslt1-dev", "libxslt-dev"],
        packages: &[(All, &["libxslt1.1"])],
        patterns: &[],
    },
    Library {
        links: &["freetype", "freetype2", "freetype::freetype"],
        headers: &["libfreetype-dev", "libfreetype6-dev"],
        packages: &[(All, &["libfreetype6"])],
        patterns: &[],
    },
    Library {
        links: &["icuuc", "icui18n", "icudata", "icu-uc", "icu-i18n", "icu::uc", "icu::i18n"],
        headers: &["libicu-dev"],
        packages: &[
            (In(&["bullseye"]), &["libicu67"]),
            (In(&["bookworm"]), &["libicu72"]),
            (In(&["trixie"]), &["libicu76"]),
            (In(&["focal"]), &["libicu66"]),
            (In(&["jammy"]), &["libicu70"]),
            (In(&["noble"]), &["libicu74"]),
        ],
        patterns: &["'^libicu[0-9]+$'"],
    },
    Library {
        links: &["zip", "libzip", "libzip::zip"],
        headers: &["libzip-dev"],
        packages: &[
            (In(&["bullseye", "bookworm", "jammy"]), &["libzip4"]),
            (In(&["focal", "trixie"]), &["libzip5"]),
            (In(&["noble"]), &["libzip4t64"]),
        ],
        patterns: &["'^libzip[0-9]+(t64)?$'"],
    },
    Library {
        links: &["webp", "libwebp"],
        headers: &["libwebp-dev"],
        packages: &[
            (In(&["bullseye", "focal"]), &["libwebp6"]),
            (In(&["bookworm", "trixie", "jammy", "noble"]), &["libwebp7"]),
        ],
        patterns: &["'^libwebp[0-9]+$'"],
    },
    Library {
        links: &["avif", "libavif"],
        headers: &["libavif-dev"],
        packages: &[
            (In(&["bullseye"]), &["libavif9"]),
            (In(&["bookworm"]), &["libavif15"]),
            (In(&["trixie"]), &["libavif16"]),
        ],
        patterns: &["'^libavif[0-9]+$'"],
    },
    Library { links: &["xpm", "libxpm"], headers: &["libxpm-dev"], packages: &[(All, &["libxpm4"])], patterns: &[] },
    Library {
        links: &["yaml", "yaml-0.1", "libyaml"],
        headers: &["libyaml-dev"],
        packages: &[(All, &["libyaml-0-2"])],
        patterns: &[],
    },
    Library {
        links: &["onig", "oniguruma"],
        headers: &["libonig-dev"],
        packages: &[(All, &["libonig5"])],
        patterns: &[],
    },
];

impl Library {
    /// What of it a program needs when it runs, in `release` of `family`, or in any, where it is not known which; `None` if
    /// that cannot be told.
    #[must_use]
    pub fn packages(&self, family: Family, release: Option<&str>) -> Option<&'static [&'static str]> {
        self.packages.iter().find(|(place, _)| place.holds(family, release)).map(|(_, packages)| *packages)
    }

    /// What apt finds that by in any release of Debian: names, or regular expressions in quotes, where the name has a
    /// number that changes. What they find may be more than one package of several that the archive has.
    #[must_use]
    pub fn patterns(&self) -> Option<&'static [&'static str]> {
        let patterns = Some(self.patterns).filter(|patterns| !patterns.is_empty());
        self.packages(Family::Debian, None).or(patterns)
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
            let family =
                if matches!(release, Some("focal" | "jammy" | "noble")) { Family::Ubuntu } else { Family::Debian };
            let found = linked(name).and_then(|library| library.packages(family, release));
            assert_eq!(found.map(|packages| packages.join(" ")).as_deref(), expected, "{name} in {release:?}");
        }
    }

    #[test]
    fn what_belongs_to_headers() {
        use Family::{Debian, Ubuntu};
        for (name, family, release, expected) in [
            ("default-libmysqlclient-dev", Debian, None, Some("libmariadb3")),
            ("default-libmysqlclient-dev", Debian, Some("trixie"), Some("libmariadb3")),
            ("default-libmysqlclient-dev", Ubuntu, None, None),
            ("default-libmysqlclient-dev", Ubuntu, Some("noble"), Some("libmysqlclient21")),
            ("libxslt1-dev", Debian, None, Some("libxslt1.1")),
            ("libpq-dev", Ubuntu, None, Some("libpq5")),
            ("libxml2-dev", Debian, None, None),
            ("libicu-dev", Debian, Some("bookworm"), Some("libicu72")),
        ] {
            let found = of_headers(name).and_then(|library| library.packages(family, release));
            assert_eq!(found.map(|packages| packages.join(" ")).as_deref(), expected, "{name} in {release:?}");
        }
        for (name, expected) in [
            ("libicu-dev", Some("'^libicu[0-9]+$'")),
            ("libpng-dev", Some("'^libpng16-16(t64)?$'")),
            ("libjpeg-dev", Some("libjpeg62-turbo")),
            ("libxml2-dev", None),
        ] {
            let found = of_headers(name).and_then(Library::patterns).map(|patterns| patterns.join(" "));
            assert_eq!(found.as_deref(), expected, "{name}");
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
