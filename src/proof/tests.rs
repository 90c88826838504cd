//! Images that the tests make themselves, compared.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};

use crate::transform::{Field, Promise};

use super::archive::{ArchiveError, Image, Layers, read};
use super::compare::differences;
use super::evidence::{Answer, Behaviour, Check, Evidence, Measures, Times, Verdict, checks};
use super::explain::{Cause, Comparison, Promised, compare};

/// A file for a layer: path, type and target, mode, owner, content.
#[derive(Clone, Copy)]
struct File(&'static str, EntryType, &'static str, u32, u64);

const fn file(path: &'static str, content: &'static str) -> File {
    File(path, EntryType::Regular, content, 0o644, 0)
}

const fn dir(path: &'static str) -> File {
    File(path, EntryType::Directory, "", 0o755, 0)
}

fn tar(files: &[File]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for File(path, kind, content, mode, owner) in files {
        let mut header = Header::new_ustar();
        header.set_mode(*mode);
        header.set_uid(*owner);
        header.set_gid(*owner);
        header.set_mtime(rand());
        header.set_entry_type(*kind);
        if matches!(kind, EntryType::Link | EntryType::Symlink) {
            header.set_size(0);
            builder.append_link(&mut header, path, content).expect("a link");
        } else {
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, path, content.as_bytes()).expect("a file");
        }
    }
    builder.into_inner().expect("an archive")
}

/// Another time for each file: times are not compared.
fn rand() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1_000_000_000);
    NEXT.fetch_add(61, Ordering::Relaxed)
}

fn blobs(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, content) in parts {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, &content[..]).expect("a blob");
    }
    builder.into_inner().expect("an archive")
}

/// How the layers of an archive are stored.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// What `docker save` writes: not compressed, with a `manifest.json`.
    Docker,
    /// An OCI layout, each layer with gzip.
    Gzip,
    /// An OCI layout behind an index of its own, with an attestation beside it, each layer with zstd.
    Zstd,
}

fn archive(form: Form, config: &Value, layers: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = Vec::new();
    let mut put = |name: &str, content: Vec<u8>| {
        parts.push((format!("blobs/sha256/{name}"), content));
        json!({"digest": format!("sha256:{name}"), "mediaType": "x"})
    };
    let names: Vec<Value> = layers
        .iter()
        .enumerate()
        .map(|(index, layer)| {
            // The name of a blob is made from its content, so that equal layers share one.
            let sum = layer.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
            let bytes = match form {
                Form::Docker => layer.clone(),
                Form::Gzip => {
                    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                    encoder.write_all(layer).expect("memory");
                    encoder.finish().expect("memory")
                }
                Form::Zstd => {
                    ruzstd::encoding::compress_to_vec(&layer[..], ruzstd::encoding::CompressionLevel::Fastest)
                }
            };
            put(&format!("{sum:x}{index}"), bytes)
        })
        .collect();
    let config = put("c0", config.to_string().into_bytes());
    let path = |it: &Value| format!("blobs/{}", it["digest"].as_str().expect("a digest").replace(':', "/"));
    let text = |it: Value| it.to_string().into_bytes();
    let last = match form {
        Form::Docker => {
            let layers: Vec<String> = names.iter().map(path).collect();
            ("manifest.json", json!([{"Config": path(&config), "RepoTags": ["x:1"], "Layers": layers}]))
        }
        Form::Gzip => {
            let manifest = put("m0", text(json!({"config": config, "layers": names})));
            ("index.json", json!({"manifests": [manifest]}))
        }
        Form::Zstd => {
            let manifest = put("m0", text(json!({"config": config, "layers": names})));
            let attests = json!({"digest": "sha256:none", "platform": {"os": "unknown", "architecture": "unknown"}});
            let index = put("i0", text(json!({"manifests": [manifest, attests]})));
            ("index.json", json!({"manifests": [index]}))
        }
    };
    parts.push((last.0.to_owned(), text(last.1)));
    // Blobs come in any order.
    parts.reverse();
    blobs(&parts)
}

fn image_as(form: Form, config: &Value, layers: &[&[File]]) -> Image {
    let layers: Vec<Vec<u8>> = layers.iter().map(|files| tar(files)).collect();
    let bytes = archive(form, config, &layers);
    read(&bytes[..], &mut Layers::default()).expect("an image").remove(0)
}

fn image(layers: &[&[File]]) -> Image {
    image_as(Form::Docker, &json!({}), layers)
}

fn paths(image: &Image) -> Vec<String> {
    image.tree.iter().map(|(path, _)| String::from_utf8_lossy(path).into_owned()).collect()
}

fn promise(promise: Promise) -> Promised {
    Promised { transform: "it", promise }
}

fn shown(comparison: &Comparison) -> Vec<String> {
    comparison.findings.iter().map(ToString::to_string).collect()
}

const BASE: &[File] =
    &[dir("etc"), file("etc/a", "a"), dir("app"), dir("app/old"), file("app/old/x", "x"), file("b", "b")];

#[test]
fn layers_lie_over_each_other() {
    let over: &[File] = &[
        file("etc/a", "changed"),
        file("app/old/new", "kept: a whiteout is about the layers below"),
        file("app/.wh.old", ""),
        file(".wh.b", ""),
        File("etc/l", EntryType::Symlink, "a", 0o777, 0),
    ];
    let opaque: &[File] = &[dir("etc"), file("etc/.wh..wh..opq", ""), file("etc/z", "z"), file("app", "no folder")];
    for form in [Form::Docker, Form::Gzip, Form::Zstd] {
        assert_eq!(paths(&image_as(form, &json!({}), &[BASE, over])), ["app", "app/old/new", "etc", "etc/a", "etc/l"]);
        assert_eq!(paths(&image_as(form, &json!({}), &[BASE, over, opaque])), ["app", "etc", "etc/z"], "{form:?}");
    }
}

#[test]
fn each_form_reads_the_same() {
    let config = json!({"config": {"User": "app", "Env": ["A=1"]}});
    let docker = image_as(Form::Docker, &config, &[BASE]);
    assert_eq!(docker.names, ["x:1"]);
    assert_eq!(docker.size(), 3);
    assert!(docker.compressed().0 > 0 && docker.compressed().1, "an estimate");
    for form in [Form::Gzip, Form::Zstd] {
        let other = image_as(form, &config, &[BASE]);
        assert_eq!(differences(&docker, &other), [], "{form:?}");
        assert!(!other.compressed().1, "as it is stored");
    }
}

#[test]
fn a_layer_is_read_once_for_all_images() {
    let layers = [tar(BASE), tar(&[file("c", "c")])];
    let mut known = Layers::default();
    let one = read(&archive(Form::Docker, &json!({}), &layers)[..], &mut known).expect("an image").remove(0);
    let other = read(&archive(Form::Docker, &json!({}), &layers[..1])[..], &mut known).expect("an image").remove(0);
    assert!(std::sync::Arc::ptr_eq(&one.layers[0], &other.layers[0]));
    assert_eq!(differences(&one, &other).len(), 1);
}

#[test]
fn the_older_form_links_to_layers() {
    let layer = tar(BASE);
    let mut builder = Builder::new(Vec::new());
    let mut put = |path: &str, content: &[u8]| {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content).expect("a blob");
    };
    put("one/layer.tar", &layer);
    put("c.json", b"{\"config\": {\"User\": \"1\"}}");
    put("manifest.json", br#"[{"Config":"c.json","RepoTags":null,"Layers":["one/layer.tar","two/layer.tar"]}]"#);
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "two/layer.tar", "../one/layer.tar").expect("a link");
    let bytes = builder.into_inner().expect("an archive");
    let image = read(&bytes[..], &mut Layers::default()).expect("an image").remove(0);
    assert_eq!((image.layers.len(), image.config.value(Field::User)), (2, "1"));
}

#[test]
fn a_broken_archive_is_an_error() {
    let whole = archive(Form::Docker, &json!({}), &[tar(BASE)]);
    for length in [0, 100, 512, 700, 1100, whole.len() - 1100] {
        let result = read(&whole[..length], &mut Layers::default());
        assert!(matches!(result, Err(ArchiveError::Stream(_) | ArchiveError::Missing(_))), "{length}: {result:?}");
    }
    let lacks = blobs(&[("manifest.json".into(), br#"[{"Config":"c","Layers":["d"]}]"#.to_vec())]);
    assert!(matches!(read(&lacks[..], &mut Layers::default()), Err(ArchiveError::Missing(name)) if name == "c"));
    let strange = blobs(&[
        ("manifest.json".into(), br#"[{"Config":"c","Layers":["c"]}]"#.to_vec()),
        ("c".into(), b"{}".to_vec()),
    ]);
    assert!(matches!(read(&strange[..], &mut Layers::default()), Err(ArchiveError::UnknownLayer(_))));
}

#[test]
fn what_differs_of_a_file_is_said() {
    let before = image(&[&[
        file("same", "1"),
        file("content", "1"),
        file("mode", "1"),
        file("owner", "1"),
        file("gone", "1"),
        dir("kind"),
        File("link", EntryType::Symlink, "a", 0o777, 0),
        File("link-mode", EntryType::Symlink, "a", 0o777, 0),
        file("hard", "same inode"),
        File("hard2", EntryType::Link, "hard", 0o644, 0),
    ]]);
    let after = image(&[&[
        file("./same", "1"),
        file("content", "2"),
        File("mode", EntryType::Regular, "1", 0o4755, 0),
        File("owner", EntryType::Regular, "1", 0o644, 1000),
        file("kind", ""),
        file("new", "1"),
        File("link", EntryType::Symlink, "b", 0o777, 0),
        File("link-mode", EntryType::Symlink, "a", 0o755, 0),
        file("hard2", "same inode"),
        File("hard", EntryType::Link, "hard2", 0o600, 7),
    ]]);
    let comparison = compare(&before, None, &after, &[], (0, 0));
    assert_eq!(
        shown(&comparison),
        [
            "/content: other content",
            "/gone: is missing afterwards",
            "/kind: directory → file, mode 755 → 644",
            "/link: link to a → link to b",
            "/mode: mode 644 → 4755",
            "/new: is new",
            "/owner: owner 0:0 → 1000:1000",
        ]
    );
    let tally = comparison.tally();
    assert_eq!((tally.gone, tally.new, tally.changed, comparison.noise), (1, 1, 5, None));
}

#[test]
fn capabilities_are_compared() {
    let with = |value: &str| {
        let mut builder = Builder::new(Vec::new());
        builder.append_pax_extensions([("SCHILY.xattr.security.capability", value.as_bytes())]).expect("records");
        let mut header = Header::new_ustar();
        header.set_size(0);
        header.set_mode(0o755);
        header.set_uid(0);
        header.set_gid(0);
        builder.append_data(&mut header, "bin/ping", &b""[..]).expect("a file");
        let layer = builder.into_inner().expect("an archive");
        read(&archive(Form::Docker, &json!({}), &[layer])[..], &mut Layers::default()).expect("an image").remove(0)
    };
    let comparison = compare(&with("cap_net_raw"), None, &with("cap_none"), &[], (0, 0));
    assert_eq!(shown(&comparison), ["/bin/ping: other capabilities or attributes"]);
}

#[test]
fn configuration_is_compared_by_what_it_means() {
    let one = json!({"config": {"User": "", "Env": ["PATH=/bin", "A=1"], "Cmd": ["/bin/sh", "-c", "x"],
        "Labels": {"dev.dockwright.run": "1", "v": "1"}, "ExposedPorts": {"80/tcp": {}}}});
    let same = json!({"config": {"User": "0", "Env": ["A=1", "PATH=/bin"], "WorkingDir": "/", "Cmd": ["/bin/sh", "-c", "x"],
        "StopSignal": "SIGTERM", "Labels": {"dev.dockwright.run": "2", "v": "1"}, "ExposedPorts": {"80/tcp": {}}}});
    let other = json!({"config": {"User": "app", "Env": ["PATH=/bin", "A=2"], "Cmd": ["x"], "Volumes": {"/data": {}},
        "Healthcheck": {"Test": ["NONE"]}, "ExposedPorts": {"81/tcp": {}}}});
    let [one, same, other] = [&one, &same, &other].map(|config| image_as(Form::Docker, config, &[BASE]));
    assert_eq!(differences(&one, &same), []);
    let promised = [promise(Promise::Config(Field::Cmd)), promise(Promise::User)];
    let comparison = compare(&one, None, &other, &promised, (0, 0));
    assert_eq!(
        shown(&comparison),
        [
            "ENV A: 1 → 2",
            "EXPOSE 80/tcp: set → unset",
            "EXPOSE 81/tcp: unset → set",
            "VOLUME /data: unset → set",
            "LABEL v: 1 → unset",
            "HEALTHCHECK: unset → {\"Test\":[\"NONE\"]}",
        ]
    );
    assert_eq!(comparison.causes().into_iter().collect::<Vec<_>>(), [(Cause::Promised("it"), 2)]);
}

#[test]
fn a_promise_explains_what_it_names_and_no_more() {
    let before: &[File] = &[
        dir("var/lib/apt/lists"),
        file("var/lib/apt/lists/deb", "1"),
        dir("root/.cache"),
        dir("root/.cache/pip"),
        file("root/.cache/pip/http", "1"),
        file("root/.cache/other", "1"),
        file("tmp/a.deb", "1"),
        file("tmp/b.txt", "1"),
        file("usr/lib/x", "1"),
        file("usr/lib/y", "1"),
        file("var/lib/dpkg/status", "x"),
        file("app/main", "1"),
        file("app/node_modules/.package-lock.json", "1"),
        file("app/node_modules/jest/index.js", "1"),
        file("app/node_modules/express/index.js", "1"),
    ];
    let after: &[File] = &[
        dir("var/lib/apt/lists"),
        dir("root/.cache"),
        file("usr/lib/y", "2"),
        file("var/lib/dpkg/status", ""),
        file("app/node_modules/.package-lock.json", "2"),
        file("app/node_modules/express/index.js", "2"),
    ];
    let (before, after) = (image(&[before]), image(&[after]));
    let cases: [(Promise, &[&str]); 8] = [
        (Promise::Joins, &[]),
        (Promise::RemovesPath("/var/lib/apt/lists".into()), &["/var/lib/apt/lists/deb"]),
        (Promise::RemovesPath("/tmp/*.deb".into()), &["/tmp/a.deb"]),
        (Promise::Mounts("/root/.cache/pip".into()), &["/root/.cache/pip", "/root/.cache/pip/http"]),
        (
            Promise::Flag("--no-install-recommends".into()),
            &["/usr/lib/x", "/var/lib/apt/lists/deb", "/var/lib/dpkg/status"],
        ),
        (Promise::RemovesPath("/".into()), &[]),
        (
            Promise::Flag("--omit=dev".into()),
            &["/app/node_modules/.package-lock.json", "/app/node_modules/jest/index.js"],
        ),
        (Promise::AddsCommand("npm prune --omit=dev".into()), &["/app/node_modules/.package-lock.json"]),
    ];
    for (given, expected) in cases {
        let comparison = compare(&before, None, &after, &[promise(given.clone())], (0, 0));
        let explained: Vec<String> = comparison
            .explained
            .iter()
            .filter(|(_, cause)| matches!(cause, Cause::Promised(_)))
            .map(|(difference, _)| difference.to_string().split(':').next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(explained, expected, "{given:?}");
        assert_eq!(comparison.findings.len() + explained.len(), 13, "{given:?}: nothing else is explained");
    }
}

#[test]
fn a_mount_leaves_or_makes_its_folders() {
    let (before, after) = (image(&[BASE]), image(&[BASE, &[dir("root"), dir("root/.npm"), dir("root/other")]]));
    let comparison = compare(&before, None, &after, &[promise(Promise::Mounts("/root/.npm".into()))], (0, 0));
    assert_eq!(shown(&comparison), ["/root/other: is new"]);
}

#[test]
fn another_base_explains_its_own_files_only() {
    let history = json!({"history": [{}, {"empty_layer": true}, {}, {"empty_layer": true}]});
    let one = image_as(Form::Docker, &history, &[BASE, &[file("app/main", "1")]]);
    let other = image_as(Form::Docker, &history, &[&[file("b", "slim")], &[file("app/main", "2")]]);
    let comparison = compare(&one, None, &other, &[promise(Promise::Base)], (2, 2));
    assert_eq!(shown(&comparison), ["/app/main: other content"]);
    assert_eq!(comparison.explained.len(), 6);
}

#[test]
fn another_server_explains_what_it_serves_only() {
    let history = json!({"history": [{}, {"empty_layer": true}, {}, {"empty_layer": true}]});
    let one = image_as(Form::Docker, &history, &[BASE, &[file("app/dist/index.html", "1"), file("etc/os", "1")]]);
    let own: &[File] = &[
        dir("etc"),
        dir("etc/nginx"),
        file("etc/nginx/conf.d/default.conf", "server"),
        file("etc/nginx/nginx.conf", "2"),
        file("usr/share/nginx/html/index.html", "1"),
        file("usr/share/more", ""),
    ];
    let other = image_as(Form::Docker, &history, &[&[file("etc/os", "nginx"), file("etc/nginx/nginx.conf", "1")], own]);
    let comparison = compare(&one, None, &other, &[promise(Promise::Serves)], (2, 2));
    assert_eq!(shown(&comparison), ["/etc/nginx/nginx.conf: is new", "/usr/share/more: is new"]);
}

#[test]
fn a_command_that_is_added_explains_what_it_makes() {
    let before = image(&[&[file("etc/passwd", "1"), file("home/old", "1"), file("opt/venv-old", "1")]]);
    let after: &[File] = &[
        file("etc/passwd", "2"),
        file("etc/passwd-", "1"),
        file("home/app/.profile", "1"),
        file("home/old", "2"),
        file("opt/venv/bin/python", "1"),
        file("opt/venv-old", "2"),
        file("usr/lib/libpq.so.5", "1"),
    ];
    let after = image(&[after]);
    let all = [
        "/etc/passwd-: is new",
        "/etc/passwd: other content",
        "/home/app/.profile: is new",
        "/home/old: other content",
        "/opt/venv-old: other content",
        "/opt/venv/bin/python: is new",
        "/usr/lib/libpq.so.5: is new",
    ];
    for (command, explained) in [
        ("groupadd --gid 1 app && useradd --uid 1 --create-home app", &[0, 1, 2][..]),
        ("python -m venv /opt/venv", &[5]),
        ("apt-get update && apt-get install -y libpq5", &[0, 1, 6]),
        ("touch /home/old", &[]),
    ] {
        let comparison = compare(&before, None, &after, &[promise(Promise::AddsCommand(command.into()))], (0, 0));
        let mut left = shown(&comparison);
        left.sort();
        let expected: Vec<&str> = (0..all.len()).filter(|at| !explained.contains(at)).map(|at| all[at]).collect();
        assert_eq!(left, expected, "{command}");
    }
}

#[test]
fn without_cgo_what_a_step_built_is_another_program() {
    let program = |path, content| File(path, EntryType::Regular, content, 0o755, 0);
    let history = json!({"history": [{}, {}]});
    let image = |content: &'static str| {
        let layers: [&[File]; 2] =
            [&[program("bin/sh", content)], &[program("app/run", content), file("app/data", content)]];
        image_as(Form::Docker, &history, &layers)
    };
    let promised = [promise(Promise::Flag("CGO_ENABLED=0".into()))];
    let comparison = compare(&image("1"), None, &image("2"), &promised, (1, 1));
    assert_eq!(shown(&comparison), ["/app/data: other content", "/bin/sh: other content"]);
}

#[test]
fn noise_is_what_two_builds_of_the_original_differ_in() {
    let build = |time: &'static str, log: &'static str| {
        image(&[
            BASE,
            &[
                file("app/built", time),
                dir("root/_logs"),
                dir(log),
                file("app/x.pyc", time),
                file("etc/ld.so.cache", time),
            ],
        ])
    };
    let (one, two, three) = (build("1", "root/_logs/1"), build("2", "root/_logs/2"), build("3", "root/_logs/3"));
    let comparison = compare(&one, Some(&two), &three, &[], (0, 0));
    assert_eq!((shown(&comparison), comparison.noise), (vec![], Some(5)));
    // Without the second build, what is known to be volatile is told from what is not.
    let comparison = compare(&one, None, &three, &[], (0, 0));
    assert_eq!(
        shown(&comparison),
        ["/app/built: other content", "/root/_logs/1: is missing afterwards", "/root/_logs/3: is new"]
    );
    assert_eq!(comparison.tally().changed, 1);
    // Noise in the content does not excuse another owner, nor that the file is gone.
    let worse = image(&[BASE, &[File("app/built", EntryType::Regular, "3", 0o644, 9), dir("root/_logs")]]);
    let found = shown(&compare(&one, Some(&two), &worse, &[], (0, 0)));
    assert_eq!(
        found,
        [
            "/app/built: other content, owner 0:0 → 9:9",
            "/app/x.pyc: is missing afterwards",
            "/etc/ld.so.cache: is missing afterwards",
        ]
    );
}

#[test]
fn what_another_build_of_the_rewrite_does_not_show_is_noise() {
    let build = |order: &'static str, owner: u64, more: &[File]| {
        let mut files = vec![File("app/dep", EntryType::Regular, order, 0o644, owner)];
        files.extend_from_slice(more);
        image(&[BASE, &files])
    };
    let original = build("main, calendar", 0, &[]);
    for (first, second, left) in [
        // As the original was.
        (build("calendar, main", 0, &[]), build("main, calendar", 0, &[]), &[][..]),
        // Another one each time is no chance: the original was the same twice.
        (build("1", 0, &[]), build("2", 0, &[]), &["/app/dep: other content"]),
        (build("1", 9, &[]), build("2", 0, &[]), &["/app/dep: other content, owner 0:0 → 9:9"]),
        (build("1", 0, &[]), build("1", 9, &[]), &["/app/dep: other content"]),
        (build("main, calendar", 0, &[file("new", "1")]), build("calendar, main", 0, &[]), &[]),
        (build("main, calendar", 0, &[file("new", "1")]), build("1", 0, &[file("new", "2")]), &["/new: is new"]),
    ] {
        let mut comparison = compare(&original, Some(&original), &first, &[], (0, 0));
        let all = comparison.findings.len();
        comparison.confirm(&compare(&original, Some(&original), &second, &[], (0, 0)));
        // Where more differs than the other build shows, it stays.
        assert_eq!(shown(&comparison), left);
        assert_eq!(comparison.explained.len(), all - left.len());
    }
}

#[test]
fn containers_are_compared() {
    let up = |code: i64, seconds: u64, body: &str| Behaviour {
        ports: Some([8000].into()),
        answers: vec![Answer { port: 8000, path: "/".into(), status: Some(200), body: body.as_bytes().into() }],
        stopped: Some((Duration::from_secs(seconds), code)),
        ..Behaviour::default()
    };
    let verdicts = |before: &Behaviour, again: &Behaviour, after: &Behaviour, promised: &[Promised]| {
        let all = checks(before, Some(again), after, promised);
        all.into_iter()
            .filter(|check| check.verdict != Verdict::Same)
            .map(|it| (it.what, it.verdict))
            .collect::<Vec<_>>()
    };
    let (killed, stops) = (up(137, 10, "x"), up(0, 0, "x"));
    assert_eq!(verdicts(&killed, &killed, &killed, &[]), []);
    assert_eq!(verdicts(&killed, &killed, &stops, &[]), [("stops on SIGTERM".into(), Verdict::Better)]);
    assert_eq!(verdicts(&stops, &stops, &killed, &[]), [("stops on SIGTERM".into(), Verdict::Differs)]);
    let cmd = [promise(Promise::Config(Field::Cmd))];
    assert_eq!(
        verdicts(&up(143, 0, "x"), &up(143, 0, "x"), &stops, &cmd),
        [("stops on SIGTERM".into(), Verdict::Promised("it"))]
    );
    assert_eq!(verdicts(&stops, &stops, &killed, &cmd), [("stops on SIGTERM".into(), Verdict::Differs)]);
    assert_eq!(verdicts(&stops, &stops, &up(0, 0, "y"), &[]), [("  body".into(), Verdict::Differs)]);
    assert_eq!(verdicts(&stops, &up(0, 0, "z"), &up(0, 0, "y"), &[]), [("  body".into(), Verdict::Noise)]);
    let gone = Behaviour { ended: Some(1), ports: Some([].into()), ..Behaviour::default() };
    let found = verdicts(&stops, &stops, &gone, &[]);
    assert!(found.iter().all(|(_, verdict)| *verdict == Verdict::Differs) && found.len() == 3, "{found:?}");
}

#[test]
fn a_check_that_differs_once_is_noise() {
    let evidence = |verdict: Verdict| Evidence {
        before: Measures::default(),
        after: Measures::default(),
        comparison: Comparison::default(),
        checks: Ok(vec![Check { what: "listens on".into(), before: "none".into(), after: "3000".into(), verdict }]),
        log: String::new(),
    };
    for (again, expected) in [
        (evidence(Verdict::Same), None),
        (evidence(Verdict::Differs), Some("listens on: none → 3000")),
        (Evidence { checks: Err("no daemon".into()), ..evidence(Verdict::Same) }, None),
    ] {
        let mut first = evidence(Verdict::Differs);
        first.confirm(&again);
        assert_eq!(first.objection().as_deref(), expected);
    }
}

#[test]
fn times_have_a_median_and_a_spread() {
    let times = |all: &[u64]| Times(all.iter().copied().map(Duration::from_secs).collect());
    assert_eq!(times(&[]).median(), None);
    assert_eq!(times(&[9, 1, 5]).median(), Some(Duration::from_secs(5)));
    assert_eq!(times(&[1, 2]).median(), Some(Duration::from_millis(1500)));
    assert_eq!(times(&[9, 1, 5]).spread(), Some((Duration::from_secs(1), Duration::from_secs(9))));
}
