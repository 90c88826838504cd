//! Servers, and images for science.

use super::*;

const NGINX: Row = Row {
    names: &["nginx"],
    kind: Kind::Nginx,
    accounts: &[
        account_on(Family::Debian, "nginx", 101, "/nonexistent"),
        account_on(Family::Alpine, "nginx", 101, "/var/cache/nginx"),
    ],
    env: &[
        ("NGINX_VERSION", None),
        ("NJS_VERSION", None),
        ("NJS_RELEASE", None),
        ("PKG_RELEASE", None),
        ("DYNPKG_RELEASE", None),
        ("ACME_VERSION", None),
    ],
    entrypoint: Some(&["/docker-entrypoint.sh"]),
    cmd: Some(&["nginx", "-g", "daemon off;"]),
    ..DEBIAN
};

const PLAYWRIGHT: Row = Row {
    family: Family::Ubuntu,
    env: &[("PATH", None), ("LANG", None), ("LC_ALL", None), ("PLAYWRIGHT_BROWSERS_PATH", Some("/ms-playwright"))],
    closed: true,
    ..ROOT
};

pub(super) static ROWS: &[Row] = &[
    // https://github.com/nginx/docker-nginx: the entrypoint came with 1.19.
    Row {
        names: &["nginx"],
        when: &[
            "0.*", "1.7*", "1.8*", "1.9*", "1.10*", "1.11*", "1.12*", "1.13*", "1.14*", "1.15*", "1.16*", "1.17*",
            "1.18*",
        ],
        entrypoint: None,
        ..NGINX
    },
    NGINX,
    // https://github.com/nginx/docker-nginx-unprivileged
    Row {
        names: &["nginxinc/nginx-unprivileged", "ghcr.io/nginx/nginx-unprivileged"],
        user: named("nginx", 101),
        home: None,
        ..NGINX
    },
    // https://github.com/docker-library/httpd
    Row {
        names: &["httpd"],
        kind: Kind::Httpd,
        family: Family::Debian,
        env: &[("HTTPD_PREFIX", Some("/usr/local/apache2"))],
        workdir: Some("/usr/local/apache2"),
        entrypoint: Some(&[]),
        cmd: Some(&["httpd-foreground"]),
        ..ROOT
    },
    // https://github.com/docker-library/redis, /postgres, /mysql; https://github.com/MariaDB/mariadb-docker
    Row { names: &["redis"], kind: Kind::Database, family: Family::Debian, workdir: Some("/data"), ..ROOT },
    Row {
        names: &["postgres"],
        kind: Kind::Database,
        family: Family::Debian,
        accounts: &[
            account_on(Family::Debian, "postgres", 999, "/var/lib/postgresql"),
            account_on(Family::Alpine, "postgres", 70, "/var/lib/postgresql"),
        ],
        workdir: Some("/"),
        entrypoint: Some(&["docker-entrypoint.sh"]),
        cmd: Some(&["postgres"]),
        ..ROOT
    },
    Row {
        names: &["mysql"],
        when: &["oracle", "oraclelinux*"],
        kind: Kind::Database,
        family: Family::RedHat,
        entrypoint: Some(&["docker-entrypoint.sh"]),
        cmd: Some(&["mysqld"]),
        ..ROOT
    },
    Row {
        names: &["mysql"],
        kind: Kind::Database,
        entrypoint: Some(&["docker-entrypoint.sh"]),
        cmd: Some(&["mysqld"]),
        ..ROOT
    },
    Row { names: &["mariadb"], when: &["5*", "10.0*", "10.1*"], kind: Kind::Database, ..ROOT },
    Row { names: &["mariadb"], kind: Kind::Database, family: Family::Ubuntu, ..ROOT },
    Row { names: &["mongo", "rabbitmq"], kind: Kind::Database, ..ROOT },
    Row { names: &["memcached"], kind: Kind::Database, family: Family::Debian, ..UNKNOWN },
    Row { names: &["wordpress", "drupal"], kind: Kind::Php, family: Family::Debian, ..ROOT },
    Row { names: &["tomcat"], kind: Kind::Jdk, ..ROOT },
    // https://github.com/docker-library/docker/blob/master/Dockerfile-cli.template
    Row {
        names: &["docker"],
        family: Family::Alpine,
        env: &[
            ("DIND_COMMIT", None),
            ("DOCKERD_ROOTLESS_ROOTLESSKIT_NET", None),
            ("DOCKER_BUCKET", None),
            ("DOCKER_BUILDX_VERSION", None),
            ("DOCKER_CHANNEL", None),
            ("DOCKER_COMPOSE_VERSION", None),
            ("DOCKER_HOST", None),
            ("DOCKER_SHA256", None),
            ("DOCKER_TLS_CERTDIR", None),
            ("DOCKER_VERSION", None),
        ],
        closed: true,
        ..ROOT
    },
    Row { names: &["caddy", "traefik"], family: Family::Alpine, ..ROOT },
    // https://github.com/jenkinsci/docker
    Row {
        names: &["jenkins/jenkins", "jenkins"],
        family: Family::Debian,
        user: named("jenkins", 1000),
        home: Some("/var/jenkins_home"),
        accounts: &[account("jenkins", 1000, "/var/jenkins_home")],
        ..UNKNOWN
    },
    Row { names: &["bitnami/*", "bitnamilegacy/*"], system: System::Unknown, ..UNKNOWN },
    // Science.
    // https://gitlab.com/nvidia/container-images/cuda
    Row {
        names: &["nvidia/cuda", "nvcr.io/nvidia/cuda"],
        kind: Kind::Cuda,
        env: &[
            ("PATH", None),
            ("LD_LIBRARY_PATH", None),
            ("LIBRARY_PATH", None),
            ("NV*", None),
            ("CUDA_*", None),
            ("CUDNN_*", None),
            ("NCCL_*", None),
        ],
        closed: true,
        ..ROOT
    },
    Row { names: &["tensorflow/tensorflow"], kind: Kind::Cuda, family: Family::Ubuntu, ..ROOT },
    Row { names: &["pytorch/pytorch"], kind: Kind::Cuda, family: Family::Ubuntu, ..ROOT },
    // https://github.com/jupyter/docker-stacks
    Row {
        names: &["jupyter/*", "quay.io/jupyter/*"],
        kind: Kind::Jupyter,
        family: Family::Ubuntu,
        user: named("jovyan", 1000),
        home: Some("/home/jovyan"),
        accounts: &[Account { name: "jovyan", uid: 1000, gid: 100, home: "/home/jovyan", only: None }],
        workdir: Some("/home/jovyan"),
        shell: Some(&["/bin/bash", "-o", "pipefail", "-c"]),
        env: &[("CONDA_DIR", Some("/opt/conda")), ("HOME", Some("/home/jovyan")), ("NB_USER", Some("jovyan"))],
        ..UNKNOWN
    },
    // https://github.com/devcontainers/images
    Row { names: &["mcr.microsoft.com/devcontainers/*", "mcr.microsoft.com/vscode/devcontainers/*"], ..UNKNOWN },
    // https://github.com/microsoft/playwright/tree/main/utils/docker, and the same folder of playwright-python
    Row { names: &["mcr.microsoft.com/playwright"], kind: Kind::Node, ..PLAYWRIGHT },
    Row { names: &["mcr.microsoft.com/playwright/python"], kind: Kind::Python, ..PLAYWRIGHT },
];
