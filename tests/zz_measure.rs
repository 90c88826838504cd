//! measure
#![allow(warnings, clippy::all, clippy::disallowed_methods, clippy::print_stdout)]
use dockwright::context::Nothing;
use dockwright::pipeline::{self, *};
use dockwright::transform::*;
use dockwright::transforms::ALL;
use std::collections::BTreeMap;
#[test]
fn measure() {
    let name = std::env::var("T").unwrap_or("cache-mounts".into());
    let (mut safe, mut files, mut changed) = (0, 0, 0);
    let mut held: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let settings = Settings::default();
    let _ = std::fs::remove_dir_all("/tmp/m/out");
    std::fs::create_dir_all("/tmp/m/out").unwrap();
    for line in std::fs::read_to_string("/work/corpus/index.tsv").unwrap().lines().skip(1) {
        let file = line.split('\t').next().unwrap();
        let Ok(text) = std::fs::read_to_string(format!("/work/corpus/{file}")) else { continue };
        files += 1;
        let choice = Choice {
            review: if std::env::var("R").is_ok() { Review::All } else { Review::None },
            only: if name == "all" { None } else { Some(vec![name.clone()]) },
            ..Choice::default()
        };
        let out = match pipeline::run(&*text, ALL, &Nothing, &settings, &choice) {
            Ok(o) => o,
            Err(e) => {
                println!("UNSETTLED {file} {e}");
                continue;
            }
        };
        if out.after != out.before {
            changed += 1;
            let n = file.replace('/', "__");
            std::fs::write(format!("/tmp/m/out/{n}.before"), &*out.before).unwrap();
            std::fs::write(format!("/tmp/m/out/{n}.after"), &*out.after).unwrap();
        }
        for s in &out.steps {
            if s.transform == name {
                safe += s.applied.len();
            }
        }
        for l in &out.left {
            if l.transform == name {
                let r = match &l.why {
                    Why::Precondition(r) => r.to_string(),
                    Why::Dropped(r) => format!("DROPPED {r} {file}"),
                    o => format!("{o:?}"),
                };
                let r: String = r
                    .split(' ')
                    .map(|w| {
                        if w.chars().any(|c| c.is_ascii_digit()) || w.contains('/') || w.contains('`') {
                            "_"
                        } else {
                            w
                        }
                    })
                    .collect::<Vec<_>>()
                    .join(" ");
                if r.contains("may set") {
                    let d = dockwright::dockerfile::Document::parse(out.after.clone());
                    let sc = dockwright::scope::Scopes::of(&d, &Default::default());
                    for (i, ins) in d.instructions().iter().enumerate() {
                        if d.line(ins.span.start) == l.lines.0 {
                            println!(
                                "IMG {} {r}",
                                sc.at(i).image.as_ref().map_or("NONE".to_string(), |i| i.repository.to_string())
                            );
                        }
                    }
                }
                let e = held.entry(r).or_default();
                e.0 += 1;
                e.1 = format!("{file}:{}", l.lines.0);
            }
        }
    }
    println!("files {files} changed {changed} applied {safe}");
    let mut v: Vec<_> = held.into_iter().collect();
    v.sort_by_key(|x| std::cmp::Reverse(x.1.0));
    for (k, (c, f)) in v.iter().take(70) {
        println!("{c} {k}   [{f}]");
    }
}
