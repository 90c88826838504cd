//! Whose account a base image brings, or how one is made there.

use crate::images::{Family, Image, Kind, PackageManager, Sh};

/// A free number: distributions and images number their own accounts below 10000.
const FREE: u32 = 10001;

/// Somebody who is not root.
pub(super) struct Account {
    /// What the base image calls them, if they are there.
    pub name: Option<&'static str>,
    /// The number.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
    /// What makes the account.
    pub commands: &'static [&'static str],
    /// There is a shell, and `chown`.
    pub shell: bool,
    /// Where they may write.
    pub writes: &'static str,
}

/// Who runs a program on `image`.
///
/// # Errors
/// Why that is not known.
pub(super) fn of(image: &Image) -> Result<Account, String> {
    const HOME: &str = "its home and /tmp";
    let shell = !matches!(image.sh, None | Some(Sh::Absent));
    let known = |name, uid, gid| Account { name, uid, gid, commands: &[], shell, writes: HOME };
    let major = || image.version.as_deref()?.split('.').next()?.parse::<u32>().ok();
    match (image.kind, image.family) {
        (Kind::Node | Kind::Bun | Kind::Deno, _) => {
            let own = ["node", "bun", "deno"].into_iter().find_map(|name| image.account(name));
            own.map(|own| known(Some(own.name), own.uid, own.gid))
                .ok_or_else(|| "which account the base image has is not known".into())
        }
        // APP_UID. https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md
        (Kind::DotnetAspnet | Kind::DotnetRuntime | Kind::DotnetRuntimeDeps | Kind::DotnetSdk, _) => match major() {
            Some(8..) => Ok(known(Some("app"), 1654, 1654)),
            _ => Err("the base image has no account of its own before .NET 8, or its version is not known".into()),
        },
        (_, Family::Distroless) => image
            .account("nonroot")
            .map(|own| Account { shell: false, ..known(Some(own.name), own.uid, own.gid) })
            .ok_or_else(|| "which account the base image has is not known".into()),
        (_, Family::Scratch) => Ok(Account {
            name: None,
            uid: FREE,
            gid: FREE,
            commands: &[],
            shell: false,
            writes: "volumes and mounts (its home is /)",
        }),
        _ if !shell => Err("the base image has no shell that could make an account".into()),
        (_, Family::Debian | Family::Ubuntu) => Ok(Account { commands: SHADOW, ..known(None, FREE, FREE) }),
        (_, Family::Alpine | Family::Busybox) => Ok(Account { commands: BUSYBOX, ..known(None, FREE, FREE) }),
        // Its small images, and Amazon's, come without useradd.
        (_, Family::RedHat)
            if matches!(image.package_manager, Some(PackageManager::Dnf | PackageManager::Yum))
                && !image.repository.contains("amazon") =>
        {
            Ok(Account { commands: SHADOW, ..known(None, FREE, FREE) })
        }
        _ => Err("how an account is made in the base image is not known".into()),
    }
}

/// `--no-log-init`: no sparse file of gigabytes for the number.
/// <https://docs.docker.com/build/building/best-practices/#user>
const SHADOW: &[&str] = &[
    "groupadd --gid 10001 app",
    "useradd --no-log-init --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin app",
];

const BUSYBOX: &[&str] = &["addgroup -g 10001 app", "adduser -D -u 10001 -G app -s /sbin/nologin app"];
