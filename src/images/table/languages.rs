//! Languages and their tools.

use super::*;

const PYTHON_ENV: &[(&str, Option<&str>)] = &[
    ("PATH", Some("/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
    ("LANG", None),
    ("GPG_KEY", None),
    ("PYTHONIOENCODING", None),
    ("PYTHON_VERSION", None),
    ("PYTHON_SHA256", None),
    ("PYTHON_PIP_VERSION", None),
    ("PYTHON_SETUPTOOLS_VERSION", None),
    ("PYTHON_GET_PIP_URL", None),
    ("PYTHON_GET_PIP_SHA256", None),
];
/// That of the image below, and, in later releases, where tools are put.
/// <https://github.com/astral-sh/uv/blob/main/.github/workflows/build-docker.yml>
const UV_ENV: &[(&str, Option<&str>)] = &[
    ("PATH", None),
    ("LANG", None),
    ("GPG_KEY", None),
    ("PYTHONIOENCODING", None),
    ("PYTHON_VERSION", None),
    ("PYTHON_SHA256", None),
    ("PYTHON_PIP_VERSION", None),
    ("PYTHON_SETUPTOOLS_VERSION", None),
    ("PYTHON_GET_PIP_URL", None),
    ("PYTHON_GET_PIP_SHA256", None),
    ("UV_TOOL_BIN_DIR", None),
];
const PHP_ENV: &[(&str, Option<&str>)] = &[
    ("PHPIZE_DEPS", None),
    ("PHP_INI_DIR", Some("/usr/local/etc/php")),
    ("APACHE_CONFDIR", None),
    ("APACHE_ENVVARS", None),
    ("PHP_EXTRA_BUILD_DEPS", None),
    ("PHP_EXTRA_CONFIGURE_ARGS", None),
    ("PHP_CFLAGS", None),
    ("PHP_CPPFLAGS", None),
    ("PHP_LDFLAGS", None),
    ("GPG_KEYS", None),
    ("PHP_VERSION", None),
    ("PHP_FILENAME", None),
    ("PHP_URL", None),
    ("PHP_ASC_URL", None),
    ("PHP_SHA256", None),
    ("PHP_MD5", None),
];
const COMPOSER_ENV: &[(&str, Option<&str>)] = &[
    ("COMPOSER_HOME", Some("/tmp")),
    ("COMPOSER_ALLOW_SUPERUSER", Some("1")),
    ("COMPOSER_VERSION", None),
    ("COMPOSER_MAX_PARALLEL_HTTP", None),
    ("PATH", None),
    ("PHPIZE_DEPS", None),
    ("PHP_INI_DIR", Some("/usr/local/etc/php")),
    ("PHP_CFLAGS", None),
    ("PHP_CPPFLAGS", None),
    ("PHP_LDFLAGS", None),
    ("GPG_KEYS", None),
    ("PHP_VERSION", None),
    ("PHP_URL", None),
    ("PHP_ASC_URL", None),
    ("PHP_SHA256", None),
    ("PHP_MD5", None),
];
const JAVA_ENV: &[(&str, Option<&str>)] = &[
    ("PATH", None),
    ("JAVA_HOME", None),
    ("JAVA_VERSION", None),
    ("JAVA_URL", None),
    ("JAVA_BASE_URL", None),
    ("JAVA_URL_VERSION", None),
    ("JAVA_DEBIAN_VERSION", None),
    ("JAVA_ALPINE_VERSION", None),
    ("CA_CERTIFICATES_JAVA_VERSION", None),
    ("LANG", None),
    ("LANGUAGE", None),
    ("LC_ALL", None),
];
const MAVEN_ENV: &[(&str, Option<&str>)] = &[
    ("MAVEN_HOME", Some("/usr/share/maven")),
    ("MAVEN_CONFIG", Some("/root/.m2")),
    ("MAVEN_VERSION", None),
    ("PATH", None),
    ("JAVA_HOME", None),
    ("JAVA_VERSION", None),
    ("JAVA_URL", None),
    ("JAVA_BASE_URL", None),
    ("JAVA_URL_VERSION", None),
    ("JAVA_DEBIAN_VERSION", None),
    ("JAVA_ALPINE_VERSION", None),
    ("CA_CERTIFICATES_JAVA_VERSION", None),
    ("LANG", None),
    ("LANGUAGE", None),
    ("LC_ALL", None),
];
const GRADLE_ENV: &[(&str, Option<&str>)] = &[
    ("GRADLE_HOME", Some("/opt/gradle")),
    ("GRADLE_VERSION", None),
    ("PATH", None),
    ("JAVA_HOME", None),
    ("JAVA_VERSION", None),
    ("JAVA17_HOME", None),
    ("JAVA21_HOME", None),
    ("JAVA24_HOME", None),
    ("JAVA25_HOME", None),
    ("LANG", None),
    ("LANGUAGE", None),
    ("LC_ALL", None),
];
const DOTNET_ENV: &[(&str, Option<&str>)] = &[
    ("PATH", None),
    ("APP_UID", None),
    ("ASPNETCORE_HTTP_PORTS", None),
    ("ASPNETCORE_URLS", None),
    ("ASPNET_VERSION", None),
    ("DOTNET_VERSION", None),
    ("DOTNET_SDK_VERSION", None),
    ("DOTNET_RUNNING_IN_CONTAINER", Some("true")),
    ("DOTNET_GENERATE_ASPNET_CERTIFICATE", None),
    ("DOTNET_NOLOGO", None),
    ("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", None),
    ("DOTNET_USE_POLLING_FILE_WATCHER", None),
    ("DOTNET_TieredPGO", None),
    ("Logging__Console__FormatterName", None),
    ("LC_ALL", None),
    ("LANG", None),
    ("NUGET_XMLDOC_MODE", None),
    ("POWERSHELL_DISTRIBUTION_CHANNEL", None),
];
const DOTNET: Row = Row { env: DOTNET_ENV, cmd: None, ..PLAIN };
const DOTNET_ON_DEBIAN: &[&str] = &["1.*", "2.*", "3.*", "5.*", "6.*", "7.*", "8.*", "9.*", "6", "7", "8", "9"];
const DOTNET_BARE_TAGS: &[&str] = &["chiseled", "distroless"];
const DOTNET_BARE: Row =
    Row { family: Family::Ubuntu, system: System::Bare, user: named("app", 1654), home: Some("/home/app"), ..DOTNET };

const NODE: Row = Row {
    names: &["node"],
    kind: Kind::Node,
    accounts: &[account("node", 1000, "/home/node")],
    env: &[("NODE_VERSION", None), ("YARN_VERSION", None), ("NPM_CONFIG_LOGLEVEL", None), ("IOJS_VERSION", None)],
    entrypoint: Some(&["docker-entrypoint.sh"]),
    cmd: Some(&["node"]),
    slim: Slim::Last,
    ..DEBIAN
};
const LAMBDA: Row = Row {
    family: Family::RedHat,
    system: System::Unknown,
    env: &[
        ("PATH", Some("/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin")),
        ("LANG", Some("en_US.UTF-8")),
        ("TZ", Some(":/etc/localtime")),
        ("LD_LIBRARY_PATH", None),
        ("LAMBDA_TASK_ROOT", Some("/var/task")),
        ("LAMBDA_RUNTIME_DIR", Some("/var/runtime")),
    ],
    closed: true,
    workdir: Some("/var/task"),
    entrypoint: Some(&["/lambda-entrypoint.sh"]),
    ..ROOT
};
const RUST: Row = Row {
    names: &["rust", "rustlang/rust"],
    kind: Kind::Rust,
    env: &[
        ("PATH", Some("/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
        ("CARGO_HOME", Some("/usr/local/cargo")),
        ("RUSTUP_HOME", Some("/usr/local/rustup")),
        ("RUST_VERSION", None),
    ],
    cmd: None,
    slim: Slim::First,
    ..DEBIAN
};
const PHP: Row = Row {
    names: &["php"],
    kind: Kind::Php,
    accounts: &[account_on(Family::Alpine, "www-data", 82, "/home/www-data")],
    env: PHP_ENV,
    entrypoint: Some(&["docker-php-entrypoint"]),
    cmd: Some(&["php", "-a"]),
    ..DEBIAN
};
const OPENJDK: Row = Row { names: &["openjdk", "java"], kind: Kind::Jdk, env: JAVA_ENV, cmd: None, ..PLAIN };
const TEMURIN: Row = Row {
    names: &["eclipse-temurin"],
    kind: Kind::Jdk,
    family: Family::Ubuntu,
    env: &[
        ("PATH", Some("/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
        ("JAVA_HOME", Some("/opt/java/openjdk")),
        ("JAVA_VERSION", None),
        ("LANG", None),
        ("LANGUAGE", None),
        ("LC_ALL", None),
    ],
    entrypoint: None,
    cmd: None,
    ..PLAIN
};
const MAVEN: Row = Row {
    names: &["maven"],
    kind: Kind::Maven,
    env: MAVEN_ENV,
    entrypoint: Some(&["/usr/local/bin/mvn-entrypoint.sh"]),
    cmd: Some(&["mvn"]),
    ..PLAIN
};
const GRADLE: Row = Row {
    names: &["gradle"],
    kind: Kind::Gradle,
    accounts: &[account("gradle", 1000, "/home/gradle")],
    env: GRADLE_ENV,
    workdir: Some("/home/gradle"),
    entrypoint: None,
    cmd: None,
    ..PLAIN
};

pub(super) static ROWS: &[Row] = &[
    // https://github.com/docker-library/python/blob/master/Dockerfile-linux.template
    Row {
        names: &["python"],
        kind: Kind::Python,
        env: PYTHON_ENV,
        cmd: Some(&["python3"]),
        slim: Slim::First,
        ..DEBIAN
    },
    // https://github.com/nodejs/docker-node: the entrypoint came with 10.16 and 12.
    Row {
        names: &["node"],
        when: &["0.*", "4*", "5*", "6*", "7*", "8*", "9*", "10*", "11*", "argon", "boron", "carbon"],
        entrypoint: None,
        ..NODE
    },
    NODE,
    // https://github.com/docker-library/golang/blob/master/Dockerfile-linux.template
    Row {
        names: &["golang"],
        kind: Kind::Golang,
        env: &[
            ("PATH", Some("/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
            ("GOPATH", Some("/go")),
            ("GOLANG_VERSION", None),
            ("GOLANG_DOWNLOAD_URL", None),
            ("GOLANG_DOWNLOAD_SHA1", None),
            ("GOLANG_DOWNLOAD_SHA256", None),
            ("GOLANG_SRC_URL", None),
            ("GOLANG_SRC_SHA256", None),
            ("GOTOOLCHAIN", None),
        ],
        workdir: Some("/go"),
        cmd: None,
        ..DEBIAN
    },
    // https://github.com/rust-lang/docker-rust/blob/master/Dockerfile-debian.template
    RUST,
    // https://github.com/LukeMathWalker/cargo-chef
    Row { names: &["lukemathwalker/cargo-chef"], slim: Slim::None, ..RUST },
    // https://github.com/docker-library/ruby/blob/master/Dockerfile.template
    Row {
        names: &["ruby"],
        kind: Kind::Ruby,
        env: &[
            ("PATH", None),
            ("LANG", Some("C.UTF-8")),
            ("RUBY_MAJOR", None),
            ("RUBY_VERSION", None),
            ("RUBY_DOWNLOAD_URL", None),
            ("RUBY_DOWNLOAD_SHA256", None),
            ("RUBYGEMS_VERSION", None),
            ("BUNDLER_VERSION", None),
            ("GEM_HOME", Some("/usr/local/bundle")),
            ("BUNDLE_PATH", None),
            ("BUNDLE_BIN", None),
            ("BUNDLE_SILENCE_ROOT_WARNING", None),
            ("BUNDLE_APP_CONFIG", Some("/usr/local/bundle")),
        ],
        cmd: Some(&["irb"]),
        slim: Slim::First,
        ..DEBIAN
    },
    // https://github.com/docker-library/php/blob/master/Dockerfile-linux.template
    Row {
        names: &["php"],
        when: &["apache"],
        workdir: Some("/var/www/html"),
        cmd: Some(&["apache2-foreground"]),
        ..PHP
    },
    Row { names: &["php"], when: &["fpm"], workdir: Some("/var/www/html"), cmd: Some(&["php-fpm"]), ..PHP },
    Row { names: &["php"], when: &["zts"], cmd: Some(&["php", "-a"]), ..PHP },
    PHP,
    // https://github.com/composer/docker
    Row {
        names: &["composer", "composer/composer"],
        kind: Kind::Composer,
        family: Family::Alpine,
        env: COMPOSER_ENV,
        workdir: Some("/app"),
        entrypoint: None,
        cmd: None,
        ..PLAIN
    },
    // https://github.com/docker-library/openjdk: on Debian up to 11 and where slim, later on Oracle Linux.
    Row { names: &["openjdk", "java"], when: &["slim"], family: Family::Debian, ..OPENJDK },
    Row {
        names: &["openjdk", "java"],
        when: &["6*", "7*", "8*", "9*", "10*", "11*"],
        family: Family::Debian,
        slim: Slim::First,
        ..OPENJDK
    },
    OPENJDK,
    // https://github.com/adoptium/containers
    TEMURIN,
    // https://github.com/corretto/corretto-docker
    Row {
        names: &["amazoncorretto", "public.ecr.aws/amazoncorretto/amazoncorretto"],
        kind: Kind::Jdk,
        family: Family::RedHat,
        env: JAVA_ENV,
        cmd: None,
        ..PLAIN
    },
    // https://github.com/carlossg/docker-maven
    Row { names: &["maven"], when: &["eclipse"], family: Family::Ubuntu, ..MAVEN },
    Row { names: &["maven"], when: &["slim"], family: Family::Debian, ..MAVEN },
    Row { names: &["maven"], when: &["amazoncorretto"], family: Family::RedHat, ..MAVEN },
    MAVEN,
    // https://github.com/gradle/docker-gradle
    Row { names: &["gradle"], when: &["corretto", "ubi", "graal"], family: Family::RedHat, ..GRADLE },
    Row {
        names: &["gradle"],
        when: &["7", "7.*", "8", "8.*", "9", "9.*", "jdk17", "jdk21", "jdk25", "latest"],
        family: Family::Ubuntu,
        ..GRADLE
    },
    // Older ones ran as gradle at first, and set GRADLE_USER_HOME.
    Row { names: &["gradle"], user: User::Unknown, home: None, env: &[], closed: false, ..GRADLE },
    // https://github.com/dotnet/dotnet-docker
    Row { names: &["mcr.microsoft.com/dotnet/sdk"], when: DOTNET_BARE_TAGS, kind: Kind::DotnetSdk, ..DOTNET_BARE },
    Row {
        names: &["mcr.microsoft.com/dotnet/sdk", "mcr.microsoft.com/dotnet/core/sdk"],
        when: DOTNET_ON_DEBIAN,
        kind: Kind::DotnetSdk,
        family: Family::Debian,
        ..DOTNET
    },
    Row {
        names: &[
            "mcr.microsoft.com/dotnet/sdk",
            "mcr.microsoft.com/dotnet/core/sdk",
            "mcr.microsoft.com/dotnet/nightly/sdk",
        ],
        kind: Kind::DotnetSdk,
        family: Family::Ubuntu,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/aspnet"],
        when: DOTNET_BARE_TAGS,
        kind: Kind::DotnetAspnet,
        ..DOTNET_BARE
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/aspnet", "mcr.microsoft.com/dotnet/core/aspnet"],
        when: DOTNET_ON_DEBIAN,
        kind: Kind::DotnetAspnet,
        family: Family::Debian,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/aspnet", "mcr.microsoft.com/dotnet/core/aspnet"],
        kind: Kind::DotnetAspnet,
        family: Family::Ubuntu,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime"],
        when: DOTNET_BARE_TAGS,
        kind: Kind::DotnetRuntime,
        ..DOTNET_BARE
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime", "mcr.microsoft.com/dotnet/core/runtime"],
        when: DOTNET_ON_DEBIAN,
        kind: Kind::DotnetRuntime,
        family: Family::Debian,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime", "mcr.microsoft.com/dotnet/core/runtime"],
        kind: Kind::DotnetRuntime,
        family: Family::Ubuntu,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime-deps"],
        when: DOTNET_BARE_TAGS,
        kind: Kind::DotnetRuntimeDeps,
        ..DOTNET_BARE
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime-deps", "mcr.microsoft.com/dotnet/core/runtime-deps"],
        when: DOTNET_ON_DEBIAN,
        kind: Kind::DotnetRuntimeDeps,
        family: Family::Debian,
        ..DOTNET
    },
    Row {
        names: &["mcr.microsoft.com/dotnet/runtime-deps", "mcr.microsoft.com/dotnet/core/runtime-deps"],
        kind: Kind::DotnetRuntimeDeps,
        family: Family::Ubuntu,
        ..DOTNET
    },
    // https://github.com/docker-library/gcc/blob/master/Dockerfile.template
    Row {
        names: &["gcc"],
        family: Family::Debian,
        env: &[("GCC_MIRRORS", None), ("GCC_VERSION", None), ("GPG_KEYS", None)],
        closed: true,
        entrypoint: Some(&[]),
        ..ROOT
    },
    Row { names: &["perl"], family: Family::Debian, slim: Slim::First, ..ROOT },
    // https://github.com/erlang/docker-erlang-otp, https://github.com/erlef/docker-elixir
    Row {
        names: &["elixir", "erlang"],
        family: Family::Debian,
        env: &[
            ("ELIXIR_VERSION", None),
            ("LANG", None),
            ("OTP_VERSION", None),
            ("REBAR3_VERSION", None),
            ("REBAR_VERSION", None),
        ],
        closed: true,
        ..ROOT
    },
    Row { names: &["haskell", "julia"], family: Family::Debian, ..ROOT },
    Row { names: &["r-base"], family: Family::Debian, ..ROOT },
    Row { names: &["rocker/r-ver", "rocker/rstudio", "rocker/tidyverse"], family: Family::Ubuntu, ..ROOT },
    Row { names: &["swift"], when: &["slim"], family: Family::Ubuntu, ..ROOT },
    // https://github.com/oven-sh/bun/tree/main/dockerhub
    Row { names: &["oven/bun"], when: &["distroless"], kind: Kind::Bun, ..DISTROLESS },
    Row {
        names: &["oven/bun"],
        kind: Kind::Bun,
        family: Family::Debian,
        env: &[("PATH", None), ("BUN_RUNTIME_TRANSPILER_CACHE_PATH", None), ("BUN_INSTALL_BIN", None)],
        closed: true,
        accounts: &[account("bun", 1000, "/home/bun")],
        workdir: Some("/home/bun/app"),
        ..ROOT
    },
    // https://github.com/denoland/deno_docker
    Row { names: &["denoland/deno"], when: &["distroless"], kind: Kind::Deno, ..DISTROLESS },
    Row { names: &["denoland/deno"], when: &["bin"], kind: Kind::Deno, family: Family::Scratch, ..UNKNOWN },
    Row {
        names: &["denoland/deno"],
        kind: Kind::Deno,
        family: Family::Debian,
        accounts: &[account("deno", 1993, "/home/deno")],
        env: &[("DENO_DIR", Some("/deno-dir/"))],
        ..ROOT
    },
    // https://github.com/ContinuumIO/docker-images, https://github.com/conda-forge/miniforge-images
    Row {
        names: &["continuumio/miniconda3", "continuumio/anaconda3", "continuumio/miniconda"],
        kind: Kind::Conda,
        family: Family::Debian,
        env: &[("PATH", None), ("LANG", Some("C.UTF-8")), ("LC_ALL", Some("C.UTF-8"))],
        closed: true,
        ..ROOT
    },
    Row {
        names: &["condaforge/miniforge3", "condaforge/mambaforge", "quay.io/condaforge/miniforge3"],
        kind: Kind::Conda,
        family: Family::Ubuntu,
        env: &[
            ("PATH", None),
            ("CONDA_DIR", Some("/opt/conda")),
            ("LANG", Some("C.UTF-8")),
            ("LC_ALL", Some("C.UTF-8")),
        ],
        closed: true,
        ..ROOT
    },
    // https://github.com/aws/aws-lambda-base-images: which Amazon Linux, and so which package manager, is not in the tag.
    Row { names: &["public.ecr.aws/lambda/python", "amazon/aws-lambda-python"], kind: Kind::Python, ..LAMBDA },
    Row { names: &["public.ecr.aws/lambda/nodejs", "amazon/aws-lambda-nodejs"], kind: Kind::Node, ..LAMBDA },
    // https://github.com/mamba-org/micromamba-docker: runs as mambauser, and has its own SHELL.
    Row { names: &["mambaorg/micromamba"], kind: Kind::Conda, family: Family::Debian, ..UNKNOWN },
    // https://docs.astral.sh/uv/guides/integration/docker/#available-images: without a system, the binaries alone.
    Row {
        names: &["ghcr.io/astral-sh/uv", "astral/uv"],
        when: &["python3.*", "debian", "alpine*", "bookworm", "trixie", "bullseye"],
        kind: Kind::Uv,
        family: Family::Debian,
        env: UV_ENV,
        cmd: Some(&["/usr/local/bin/uv"]),
        ..PLAIN
    },
    Row { names: &["ghcr.io/astral-sh/uv", "astral/uv"], kind: Kind::Uv, family: Family::Scratch, ..UNKNOWN },
];
