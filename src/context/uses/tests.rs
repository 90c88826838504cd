//! What files say, as one line for each build: where, what, and how it is run.

use super::*;

fn shown(word: &str) -> String {
    word.replace('\0', "?")
}

fn told(uses: &Uses) -> Vec<String> {
    let all = uses.builds.iter().map(|build| {
        let mut told = format!("{} {}", build.at, shown(&build.dockerfile));
        if let Some(context) = &build.context {
            told += &format!(" in {}", if context.is_empty() { ".".into() } else { shown(context) });
        }
        if let Some(target) = &build.target {
            told += &format!(" target {} ({})", shown(&target.what), target.at.line);
        }
        for given in &build.arguments {
            told += &format!(" arg {}", shown(&given.what));
        }
        let run = &build.run;
        for it in &run.mounts {
            let mark = if it.what.read_only { ">>" } else { ">" };
            told += &format!(" mount {}{mark}{} ({})", shown(&it.what.source), shown(&it.what.target), it.at);
        }
        for it in &run.entrypoints {
            told += &format!(" starts `{}` ({})", it.what, it.at);
        }
        for it in &run.commands {
            told += &format!(" runs `{}` ({})", it.what, it.at);
        }
        for it in &run.arguments {
            told += &format!(" with `{}` ({})", it.what, it.at);
        }
        for it in &run.users {
            told += &format!(" as {} ({})", shown(&it.what), it.at.line);
        }
        for it in &run.ports {
            told += &format!(" port {}", it.what);
        }
        for it in &run.healthchecks {
            told += &format!(" health `{}`", it.what);
        }
        if let Some(at) = &run.no_root {
            told += &format!(" never root ({})", at.line);
        }
        if let Some(at) = &run.privileged {
            told += &format!(" privileged ({})", at.line);
        }
        if let Some(at) = &run.develops {
            told += &format!(" develops ({})", at.line);
        }
        told
    });
    let unread = uses.unread.iter().map(|unread| format!("{} unread", unread.file));
    all.chain(unread).collect()
}

fn of(files: &[(&str, &str)], dockerfile: &str) -> Vec<String> {
    let also = |path: &str| files.iter().find(|it| it.0 == path).map(|it| Some(it.1.as_bytes().to_vec()));
    let files = files.iter().map(|(path, text)| (*path, Some(text.as_bytes())));
    told(&Builds::of(files, also).of_dockerfile(dockerfile))
}

#[test]
fn compose() {
    let anchors = "\
x-app: &app
  build: &build
    context: .
    args: {A: 1, B: }
  user: \"1000:1000\"
services:
  web:
    <<: *app
    command: [npm, start]
    ports: [\"8080:80/tcp\", 443, {target: 9000, published: 9}]
  dev:
    <<: *app
    build:
      <<: *build
      target: dev
    volumes:
      - .:/app:ro
      - /app/node_modules
      - {type: volume, source: data, target: /data}
      - ${HOME:-/x}:/home
      - C:\\x:/drive
    privileged: true
    healthcheck:
      test: curl x
    develop:
      watch:
        - {action: sync, path: ./src, target: /app/src}
        - {action: rebuild, path: package.json}
";
    assert_eq!(
        of(&[("compose.yaml", anchors)], "Dockerfile"),
        [
            "compose.yaml:2 Dockerfile in . arg A=1 arg B runs `npm start` (compose.yaml:9) as 1000:1000 (5) port 80 \
             port 443 port 9000",
            "compose.yaml:14 Dockerfile in . target dev (15) arg A=1 arg B mount .>>/app (compose.yaml:17) mount \
             >/app/node_modules (compose.yaml:18) mount data>/data (compose.yaml:19) mount ?>/home (compose.yaml:20) \
             mount C:\\x>/drive (compose.yaml:21) mount ./src>/app/src (compose.yaml:27) as 1000:1000 (5) health `CMD-SHELL curl x` \
             privileged (22)",
        ]
    );
    for (files, dockerfile, expected) in [
        // A folder, and a file of another name in it.
        (
            &[("x/docker-compose.yml", "services: {a: {build: ../api}}")][..],
            "api/Dockerfile",
            &["x/docker-compose.yml:1 api/Dockerfile in api"][..],
        ),
        (
            &[("compose.yml", "services:\n  a:\n    build: {context: ., dockerfile: docker/D, target: t}")],
            "docker/D",
            &["compose.yml:3 docker/D in . target t (3)"],
        ),
        (&[("compose.yml", "services: {a: {build: {dockerfile_inline: FROM x}}}")], "Dockerfile", &[]),
        (&[("compose.yml", "services: {a: {build: https://x/y.git}, b: {build: /x}}")], "Dockerfile", &[]),
        // Variables.
        (
            &[("compose.yml", "services: {a: {build: {context: ., dockerfile: \"$D\", target: \"${T:-dev}\"}}}")],
            "Dockerfile.x",
            &["compose.yml:1 ? in . target ? (1)"],
        ),
        // extends, in the file and in another.
        (
            &[
                (
                    "compose.yml",
                    "services:\n a:\n  extends: {file: b/base.compose.yml, service: base}\n  command: x\n b:\n  extends: a",
                ),
                ("b/base.compose.yml", "services:\n base:\n  build: .\n  user: me\n  command: y"),
            ],
            "b/Dockerfile",
            &[
                "b/base.compose.yml:3 b/Dockerfile in b runs `x` (compose.yml:4) as me (4)",
                "b/base.compose.yml:3 b/Dockerfile in b runs `x` (compose.yml:4) as me (4)",
                "b/base.compose.yml:3 b/Dockerfile in b runs `y` (b/base.compose.yml:5) as me (4)",
            ],
        ),
        (&[("compose.yml", "services: {a: {extends: a, build: .}}")], "Dockerfile", &["compose.yml:1 Dockerfile in ."]),
        // Overrides, and what another file of the folder says of the service.
        (
            &[
                ("compose.yml", "services: {a: {build: app, command: x}}"),
                ("compose.override.yml", "services: {a: {build: {target: dev}, command: y}}"),
                ("compose.prod.yml", "services: {a: {command: z}, b: {command: other}}"),
                ("other/compose.prod.yml", "services: {a: {command: other}}"),
            ],
            "app/Dockerfile",
            &[
                "compose.override.yml:1 app/Dockerfile in app target dev (1) runs `y` (compose.override.yml:1) runs `x` \
                 (compose.yml:1)",
                "compose.yml:1 app/Dockerfile in app runs `x` (compose.yml:1) runs `y` (compose.override.yml:1) runs `z` \
                 (compose.prod.yml:1)",
            ],
        ),
        // A file with a Dockerfile of its own says nothing of the other.
        (
            &[
                ("compose.yml", "services: {a: {build: .}}"),
                ("compose.dev.yml", "services: {a: {build: {context: ., dockerfile: D.dev}, command: y}}"),
            ],
            "Dockerfile",
            &["compose.yml:1 Dockerfile in ."],
        ),
        // The image that another service builds.
        (
            &[(
                "compose.yml",
                "services: {a: {build: ., image: \"i:1\"}, b: {image: \"i:1\", user: me}, c: {image: i, user: you}}",
            )],
            "Dockerfile",
            &["compose.yml:1 Dockerfile in . as me (1)"],
        ),
        // A name that says nothing.
        (&[("local.yml", "services:\n  a:\n    build: .")], "Dockerfile", &["local.yml:3 Dockerfile in ."]),
        (&[("a/b/local.yml", "services:\n  a:\n    build: .")], "a/b/Dockerfile", &[]),
    ] {
        assert_eq!(of(files, dockerfile), expected, "{files:?}");
    }
}

#[test]
fn compose_files_that_others_name() {
    for (files, dockerfile, expected) in [
        // Of a name that says nothing; its paths are from its own folder.
        (
            &[
                ("compose.yaml", "include:\n  - services/api/app.yaml\n"),
                ("services/api/app.yaml", "services:\n  api:\n    build: .\n    user: me"),
            ][..],
            "services/api/Dockerfile",
            &["services/api/app.yaml:3 services/api/Dockerfile in services/api as me (4)"][..],
        ),
        // From another folder, and with another file behind it; what the project says of the service goes for it.
        (
            &[
                (
                    "compose.yaml",
                    "include: [{path: [x/a.yaml, x/b.yaml], project_directory: ./src}]\nservices: {web: {image: w}}",
                ),
                ("compose.override.yaml", "services: {api: {user: you}}"),
                ("x/a.yaml", "services: {api: {build: api, command: one}}"),
                ("x/b.yaml", "services: {api: {command: two}, other: {command: three}}"),
            ],
            "src/api/Dockerfile",
            &["x/a.yaml:1 src/api/Dockerfile in src/api runs `one` (x/a.yaml:1) runs `two` (x/b.yaml:1) as you (1)"],
        ),
        // One that includes another, and that is a project of its own, is told once.
        (
            &[
                ("compose.yaml", "include: [a/compose.yaml]"),
                ("a/compose.yaml", "include:\n  - ../b/dev.yml"),
                ("b/dev.yml", "services:\n  b:\n    build: ."),
            ],
            "b/Dockerfile",
            &["b/dev.yml:3 b/Dockerfile in b"],
        ),
        // In a circle, of itself, to what is not there, to another machine, out of the repository, to no file.
        (
            &[
                ("compose.yaml", "include: [a/b.yaml, compose.yaml, no.yaml]\nservices: {a: {build: .}}"),
                (
                    "a/b.yaml",
                    "include: [../compose.yaml, 'oci://x/y', 'https://x/y.git', ../../z, /etc/x, '$X/y.yaml', [], {}, {path: {}}]",
                ),
            ],
            "Dockerfile",
            &["compose.yaml:2 Dockerfile in ."],
        ),
        (
            &[("a/compose.yaml", "include: [{path: '${GITHUB_WORKSPACE}/a/compose.yaml', project_directory: x}]")],
            "Dockerfile",
            &[],
        ),
        // A folder that is not known.
        (
            &[
                ("compose.yaml", "include:\n  path: x.yaml\n"),
                ("compose.dev.yaml", "include:\n  - path: a/x.yaml\n    project_directory: $DIR\n"),
                ("a/x.yaml", "services: {a: {build: api}}"),
            ],
            "b/api/Dockerfile",
            &["a/x.yaml:1 ?/api/Dockerfile in ?/api"],
        ),
        // Only what is extended.
        (
            &[
                ("compose.yml", "services:\n a:\n  extends: {file: b/common/base.yml, service: base}\n  command: x\n"),
                (
                    "b/common/base.yml",
                    "services:\n base:\n  extends: {file: ../more.yml, service: more}\n no: {build: ..}",
                ),
                ("b/more.yml", "services:\n more:\n  build: ."),
            ],
            "b/Dockerfile",
            &["b/more.yml:3 b/Dockerfile in b runs `x` (compose.yml:4)"],
        ),
        // What is there and cannot be read.
        (
            &[("compose.yaml", "include: [a/x.yaml, a/x.yaml]"), ("a/x.yaml", "services: {a: [build")],
            "a/Dockerfile",
            &["a/x.yaml unread"],
        ),
    ] {
        assert_eq!(of(files, dockerfile), expected, "{files:?}");
    }
}

#[test]
fn bake() {
    let hcl = "\
variable \"T\" { default = \"x\" }
group \"default\" { targets = [\"a\"] }
target \"base\" {
  dockerfile = \"docker/Dockerfile\"
  args = {
    A = \"1\"
    B = T
  }
}
target \"a\" {
  inherits = [\"base\"]
  target   = \"one\"
}
target \"m\" {
  inherits = [\"base\"]
  matrix = {
    tgt = [\"two\", \"three\"]
    item = [{ name = \"p\" }]
  }
  name   = \"${item.name}-${tgt}\"
  target = tgt
}
target \"v\" {
  inherits = [\"base\"]
  target = \"x-${T}\"
}
target \"i\" {
  dockerfile-inline = <<EOT
FROM x
EOT
}
";
    let found = of(&[("docker-bake.hcl", hcl)], "docker/Dockerfile");
    assert_eq!(
        found,
        [
            "docker-bake.hcl:3 docker/Dockerfile in . arg A=1 arg B=${T}",
            "docker-bake.hcl:10 docker/Dockerfile in . target one (12) arg A=1 arg B=${T}",
            "docker-bake.hcl:14 docker/Dockerfile in . target two (21) arg A=1 arg B=${T}",
            "docker-bake.hcl:14 docker/Dockerfile in . target three (21) arg A=1 arg B=${T}",
            "docker-bake.hcl:23 docker/Dockerfile in . target x-? (25) arg A=1 arg B=${T}",
        ]
    );
    let matrix =
        "target \"m\" {\n matrix = { n = [\"a\", \"b\"] }\n dockerfile = \"${n}.Dockerfile\"\n target = \"t\"\n}\n";
    assert_eq!(
        of(&[("docker-bake.hcl", matrix)], "b.Dockerfile"),
        ["docker-bake.hcl:1 b.Dockerfile in . target t (4)"]
    );
    let json = "{\n \"target\": {\n  \"a\": {\"context\": \"x\",\n   \"target\": \"t\"}}}";
    assert_eq!(
        of(&[("docker-bake.json", json)], "x/Dockerfile"),
        ["docker-bake.json:3 x/Dockerfile in x target t (4)"]
    );
    let more = ("docker-bake.override.json", "{\"target\": {\"a\": {\"args\": {\"X\": \"y\"}}}}");
    assert_eq!(
        of(&[("docker-bake.json", json), more], "x/Dockerfile"),
        [
            "docker-bake.json:3 x/Dockerfile in x target t (4) arg X=y",
            "docker-bake.override.json:1 x/Dockerfile in x target t (4) arg X=y",
        ]
    );
    // Bake may run at the root.
    assert_eq!(
        of(&[("d/docker-bake.json", "{\"target\": {\"a\": {}}}")], "Dockerfile"),
        ["d/docker-bake.json:1 Dockerfile in ."]
    );
    // What inherits from itself ends.
    let own = "target \"a\" {\n inherits = [\"b\"]\n}\ntarget \"b\" {\n inherits = [\"a\"]\n}";
    assert_eq!(of(&[("docker-bake.hcl", own)], "Dockerfile").len(), 2);
}

#[test]
fn images_that_others_run() {
    let pod = "\
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      securityContext:
        runAsUser: 1000
        runAsGroup: 2000
        runAsNonRoot: true
      initContainers:
        - name: migrate
          image: ghcr.io/org/api:1.2@sha256:00
          command: [./migrate]
          args: [up]
          securityContext: {runAsUser: 0, privileged: true}
      containers:
        - {name: other, image: org/api, command: [other]}
        - name: api
          image: ghcr.io/org/api:$TAG
          args:
            - serve
            - --port=80
          ports: [{containerPort: 80}]
          livenessProbe:
            exec: {command: [curl, -f, http://localhost]}
          readinessProbe: {httpGet: {port: 80}}
          lifecycle: {preStop: {exec: {command: [sleep, '5']}}}
          volumeMounts:
            - {name: data, mountPath: /data}
            - {name: tmp, mountPath: /tmp}
            - {name: settings, mountPath: /app/settings.json, subPath: x}
            - {name: socket, mountPath: /s, readOnly: true}
            - {name: claim, mountPath: /claim}
      volumes:
        - {name: data, persistentVolumeClaim: {claimName: x}}
        - {name: tmp, emptyDir: {}}
        - {name: settings, configMap: {name: y}}
        - {name: socket, hostPath: {path: /var/run/docker.sock}}
";
    let list = "kind: List\nitems:\n  - kind: CronJob\n    spec: {jobTemplate: {spec: {template: {spec: {containers: \
                [{image: api, command: [x]}]}}}}}\n---\nkind: Pod\nspec:\n  containers:\n    - image: api:2\n      \
                args: y\n---\nkind: Other\n---\n- kind: Pod\n";
    let push = "on: push\njobs:\n  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          \
                tags: |\n            ghcr.io/org/api:latest\n            x\n";
    for (files, expected) in [
        (
            &[(".github/workflows/a.yml", push), ("k8s/prod/api.yaml", pod)][..],
            &[".github/workflows/a.yml:7 Dockerfile in . mount data>/data (k8s/prod/api.yaml:29) mount >/tmp \
               (k8s/prod/api.yaml:30) mount settings>>/app/settings.json (k8s/prod/api.yaml:31) mount \
               /var/run/docker.sock>>/s (k8s/prod/api.yaml:32) mount claim>/claim (k8s/prod/api.yaml:33) starts `./migrate` \
               (k8s/prod/api.yaml:13) runs `serve --port=80` (k8s/prod/api.yaml:21) with `up` (k8s/prod/api.yaml:14) as 0:2000 (15) as 1000:2000 (7) port \
               80 health `curl -f http://localhost` health `sleep 5` never root (9) privileged (15)"][..],
        ),
        (
            &[("skaffold.yaml", "build:\n  artifacts: [{image: api}]\n"), ("some/deployment.yaml", list)],
            &["skaffold.yaml:2 Dockerfile in . starts `x` (some/deployment.yaml:4) runs `y` (some/deployment.yaml:10)"],
        ),
        (
            &[("docker-bake.hcl", "target \"a\" {\n tags = [\"${R}/api:${T}\"]\n}\n"), ("deploy/a.yml", list)],
            &["docker-bake.hcl:1 Dockerfile in . starts `x` (deploy/a.yml:4) runs `y` (deploy/a.yml:10)"],
        ),
        (
            &[("Makefile", "a:\n\tdocker build -t api:$(V) .\n"), ("deploy/a.yml", list)],
            &["Makefile:2 Dockerfile in . starts `x` (deploy/a.yml:4) runs `y` (deploy/a.yml:10)"],
        ),
        (
            &[
                ("Makefile", "ORG = x\nexport IMG ?= api # it\nV := 1\nV := 2\na:\n\tdocker build -t $(IMG):${V} .\n"),
                ("deploy/a.yml", list),
            ],
            &["Makefile:6 Dockerfile in . starts `x` (deploy/a.yml:4) runs `y` (deploy/a.yml:10)"],
        ),
        (
            &[("build.sh", "O=\"$O\"\nR=$A\nA=$R\ndocker build -t \"$O/api\" -t $R .\n"), ("deploy/a.yml", list)],
            &["build.sh:4 Dockerfile in . starts `x` (deploy/a.yml:4) runs `y` (deploy/a.yml:10)"],
        ),
        // The tags that another step of the job makes.
        (
            &[
                (
                    ".github/workflows/a.yml",
                    "jobs:\n  a:\n    steps:\n      - {uses: docker/metadata-action@v5, id: m, with: {images: api}}\n      \
                     - {uses: docker/build-push-action@v6, with: {tags: '${{ steps.m.outputs.tags }}'}}\n  b:\n    \
                     steps:\n      - {uses: docker/metadata-action@v5, id: m, with: {images: b}}\n      - {uses: \
                     docker/build-push-action@v6, with: {file: Other, tags: '${{ steps.m.outputs.tags }}'}}\n",
                ),
                ("deploy/a.yml", list),
                ("deploy/b.yml", "kind: Pod\nspec:\n  containers:\n  - image: b\n    args: z\n"),
            ],
            &[".github/workflows/a.yml:5 Dockerfile in . starts `x` (deploy/a.yml:4) runs `y` (deploy/a.yml:10)"],
        ),
        // Nothing says what the image is called, or only a variable does.
        (&[("Makefile", "a:\n\tdocker build .\n"), ("deploy/a.yml", list)], &["Makefile:2 Dockerfile in ."]),
        (&[("Makefile", "a:\n\tdocker build -t $(IMG) .\n"), ("deploy/a.yml", list)], &["Makefile:2 Dockerfile in ."]),
        // Neither a folder nor a name of manifests, a chart, and what is no YAML.
        (
            &[
                ("Makefile", "a:\n\tdocker build -t api .\n"),
                ("some/api.yaml", list),
                ("k8s/chart/templates/api.yaml", list),
                ("k8s/a.yaml", "kind: Pod\nspec:\n  containers:\n{{- if .Values.x }}\n  - image: api\n{{ end }}"),
                ("k8s/b.yaml", "kind: Pod\nspec:\n  containers:\n\t- image: api\n"),
            ],
            &["Makefile:2 Dockerfile in ."],
        ),
        // A Compose file of another folder that builds nothing.
        (
            &[
                ("Makefile", "a:\n\tdocker build -t docker.io/org/api .\n"),
                ("prod/compose.yaml", "services: {a: {image: 'org/api:1', user: root}, b: {image: api, user: me}}"),
            ],
            &["Makefile:2 Dockerfile in . as root (1)"],
        ),
    ] {
        assert_eq!(of(files, "Dockerfile"), expected, "{files:?}");
    }
}

#[test]
fn commands() {
    for (file, text, dockerfile, expected) in [
        (
            "Makefile",
            "a:\n\t@docker build -t x --target=dev \\\n\t  --build-arg A=1 .\n",
            "Dockerfile",
            &["Makefile:2 Dockerfile in . target dev (2) arg A=1"][..],
        ),
        (
            "m/Makefile",
            "a:\n\tcd .. && docker buildx build --target $(T) -f x/D --push .\n\tdocker build .\n",
            "x/D",
            &["m/Makefile:2 x/D in . target ? (2)"],
        ),
        ("m/Makefile", "a:\n\tcd .. && ls\n\tdocker build .\n", "m/Dockerfile", &["m/Makefile:3 m/Dockerfile in m"]),
        ("build.sh", "sudo docker image build \"$@\" ./api", "api/Dockerfile", &["build.sh:1 api/Dockerfile in api"]),
        ("build.sh", "# docker build .\necho docker build\ndocker run x build .\n", "Dockerfile", &[]),
        ("ci/build.sh", "docker build .", "api/Dockerfile", &["ci/build.sh:1 ?/Dockerfile in ?"]),
        (
            "ci/build.sh",
            "cd \"$(dirname \"$0\")/..\"\ndocker build --target t api",
            "api/Dockerfile",
            &["ci/build.sh:2 api/Dockerfile in api target t (2)"],
        ),
        ("build.sh", "cd api; podman build -fD.dev . && cd ..", "api/D.dev", &["build.sh:1 api/D.dev in api"]),
        ("build.sh", "cat x | docker build -f - .; docker build - < x; docker build https://x", "Dockerfile", &[]),
        (
            "build.sh",
            "id=\"$(docker build -q --target t .)\"",
            "Dockerfile",
            &["build.sh:1 Dockerfile in . target t (1)"],
        ),
        ("build.sh", "docker build $TARGET_FLAG .", "Dockerfile", &["build.sh:1 Dockerfile in . target ? (1)"]),
        ("build.sh", "docker build . $OPTIONS", "Dockerfile", &["build.sh:1 Dockerfile in ."]),
        (
            "build.sh",
            "it's\ndocker build -t \"a b\" 'x'\necho don't",
            "x/Dockerfile",
            &["build.sh:2 x/Dockerfile in x"],
        ),
        (
            "build.sh",
            "docker --context c buildx b --target t .",
            "Dockerfile",
            &["build.sh:1 Dockerfile in . target t (1)"],
        ),
        (
            "Makefile",
            "CONTAINER_TOOL ?= docker\na:\n\t$(CONTAINER_TOOL) build -t ${IMG} .\n",
            "Dockerfile",
            &["Makefile:3 Dockerfile in ."],
        ),
        ("x.sh", "docker \\\r\n build --target t \\\r\n .\r\n", "Dockerfile", &["x.sh:1 Dockerfile in . target t (2)"]),
        (
            "package.json",
            "{\"scripts\":\n {\"d\": \"docker build --target dev .\"}}",
            "Dockerfile",
            &["package.json:2 Dockerfile in . target dev (2)"],
        ),
        (
            ".github/workflows/a.yml",
            "jobs:\n  a:\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          context: api\n          \
             file: docker/D\n          target: ${{ matrix.t }}\n          build-args: |\n            A=1\n            B=2\n",
            "docker/D",
            &[".github/workflows/a.yml:7 docker/D in api target ? (8) arg A=1 arg B=2"],
        ),
        (
            ".github/workflows/a.yml",
            "jobs:\n  a:\n    steps:\n      - run: |\n          x\n          docker build .\n        working-directory: api\n",
            "api/Dockerfile",
            &[".github/workflows/a.yml:6 api/Dockerfile in api"],
        ),
        (
            ".github/workflows/a.yml",
            "on: x\nm:\n  - {dockerfile: ./a/Dockerfile, target: t}\n#docker\n",
            "a/Dockerfile",
            &[".github/workflows/a.yml:3 ?/a/Dockerfile target t (3)"],
        ),
        (
            ".gitlab-ci.yml",
            "b:\n  script:\n    - /kaniko/executor --context \"${CI_PROJECT_DIR}\" --dockerfile $CI_PROJECT_DIR/x/D --target t\n",
            "x/D",
            &[".gitlab-ci.yml:3 x/D in . target t (3)"],
        ),
        // What is no YAML has commands all the same.
        (
            ".gitlab-ci.yml",
            "b: {{\n  - docker build --target t .\n",
            "Dockerfile",
            &[".gitlab-ci.yml:2 Dockerfile in . target t (2)"],
        ),
        (
            "skaffold.yaml",
            "build:\n  artifacts:\n    - image: x\n      context: a\n      docker:\n        target: t\n        buildArgs: {A: b}\n\
             ---\nprofiles:\n  - build: {artifacts: [{image: y, context: a}, {image: z, jib: {}}]}\n",
            "a/Dockerfile",
            &["skaffold.yaml:3 a/Dockerfile in a target t (6) arg A=b", "skaffold.yaml:10 a/Dockerfile in a"],
        ),
        (
            "skaffold.yaml",
            "build:\n  artifacts:\n    - image: x\n      context: a\n      runtimeType: go\n      sync:\n        manual:\n          \
             - {src: 'src/**', dest: /app}\n        infer: ['*.js']\n        auto: true\nprofiles:\n  - patches:\n      \
             - {op: add, path: /build/artifacts/0/docker, value: {target: dev, buildArgs: {A: b}}}\n      \
             - {op: replace, path: /build/artifacts/0/docker/target, value: t}\n      \
             - {op: add, path: /build/artifacts/0/docker/buildArgs/X, value: y}\n      \
             - {op: add, path: /build/artifacts/7/docker/target, value: no}\n      \
             - {op: remove, path: /build/artifacts/0/sync}\n",
            "a/Dockerfile",
            &[
                "skaffold.yaml:3 a/Dockerfile in a mount src/**>/app (skaffold.yaml:8) mount *.js>? (skaffold.yaml:9)",
                "skaffold.yaml:13 a/Dockerfile in a target dev (13) arg A=b mount src/**>/app (skaffold.yaml:8) mount *.js>? \
                 (skaffold.yaml:9)",
                "skaffold.yaml:14 a/Dockerfile in a target t (14) mount src/**>/app (skaffold.yaml:8) mount *.js>? \
                 (skaffold.yaml:9)",
                "skaffold.yaml:15 a/Dockerfile in a arg X=y mount src/**>/app (skaffold.yaml:8) mount *.js>? \
                 (skaffold.yaml:9)",
            ],
        ),
        (
            ".devcontainer/devcontainer.json",
            "{ // it\n \"build\": {\"dockerfile\": \"../Dockerfile\",\n \"context\": \"..\", \"target\": \"dev\"},\n \
             \"remoteUser\": \"me\", \"mounts\": [\"type=volume,source=a,target=/b\"],\n}",
            "Dockerfile",
            &[".devcontainer/devcontainer.json:2 Dockerfile in . target dev (3) mount a>/b \
                 (.devcontainer/devcontainer.json:4) as me (4) develops (2)"],
        ),
    ] {
        assert_eq!(of(&[(file, text)], dockerfile), expected, "{file} {text}");
    }
}

#[test]
fn what_nobody_writes() {
    let many: String = (0..20_000).fold("include:\n".into(), |all, at| all + &format!("  - x{at}.yaml\n"));
    let pods = "kind: Pod\nspec:\n  containers:\n".to_owned() + &"  - {image: a, user: 0}\n".repeat(20_000);
    let deep = "kind: x\nspec: {containers: [{image: a}]}\n";
    let specs = "kind: x\n# containers: image:\nspec: ".to_owned() + &"{spec: ".repeat(60) + &"}".repeat(60);
    let bomb = "kind: Pod\nx: &a {containers: [{image: a, args: b}], spec: {}}\nitems: &b [*a, *a, *a, *a, *a]\nspec: {items: *b}\n\
                template: {items: [{items: *b}, {items: *b}]}\n";
    let odd = "kind: [Pod]\nspec:\n  containers:\n    - image: a\n      command: {x: y}\n      args: ~\n      ports: {a: b}\n      \
               volumeMounts: [~, x, {name: []}, {mountPath: ''}]\n      securityContext: [runAsUser]\n      livenessProbe: exec\n      \
               lifecycle: [exec]\n    - ~\n    - image: {}\n    - image: ':'\n  volumes: x\n---\n~\n---\nkind: a\nitems: b\n";
    let windows = "\u{feff}kind: Pod\r\nspec:\r\n  containers:\r\n  - image: a\r\n    args: [b]\r\n";
    let patches = "build: {artifacts: [{image: a, sync: {manual: x, infer: [{}, ~, []]}}, ~, x]}\nprofiles: [x, {patches: [x, \
                   {path: /build/artifacts/99999999999999999999/docker, value: x}, {path: /build/artifacts/0, value: x}, \
                   {path: /build/artifacts/2/docker/target, value: []}, {path: /build/artifacts/0/docker/buildArgs/, value: {}}]}]\n";
    for (files, dockerfile, expected) in [
        (&[("compose.yaml", &*many)][..], "Dockerfile", 0),
        (&[("skaffold.yaml", patches), ("k8s/a.yaml", &pods)], "Dockerfile", 1),
        (&[("skaffold.yaml", patches), ("k8s/a.yaml", deep)], "Dockerfile", 1),
        (&[("skaffold.yaml", patches), ("k8s/a.yaml", &specs)], "Dockerfile", 1),
        (&[("skaffold.yaml", patches), ("k8s/a.yaml", bomb)], "Dockerfile", 1),
        (&[("skaffold.yaml", patches), ("k8s/a.yaml", odd)], "Dockerfile", 1),
        (&[("skaffold.yaml", patches), ("k8s/a.yaml", windows)], "Dockerfile", 1),
        (
            &[
                (
                    "compose.yaml",
                    "services: {a: {extends: {file: x/y.yaml, service: a}}, b: {extends: {file: [], service: {}}}}",
                ),
                ("x/y.yaml", "services: {a: {extends: {file: ../compose.yaml, service: a}, build: .}}"),
            ],
            "x/Dockerfile",
            1,
        ),
    ] {
        assert_eq!(of(files, dockerfile).len(), expected, "{:?} {:?}", files[0].0, files.last().map(|it| &it.1[..20]));
    }
    let runs = |text| of(&[("skaffold.yaml", patches), ("k8s/a.yaml", text)], "Dockerfile").concat();
    assert_eq!(runs(windows), "skaffold.yaml:1 Dockerfile in . runs `b` (k8s/a.yaml:5)");
    assert_eq!(runs(odd), "skaffold.yaml:1 Dockerfile in . mount > (k8s/a.yaml:8) starts `` (k8s/a.yaml:5)");
    assert_eq!(runs(bomb).matches("runs `b`").count(), 20);
}

#[test]
fn what_cannot_be_read() {
    let latin = b"services: {a: {build: \xe9}}";
    let files: &[(&str, Option<&[u8]>)] = &[
        ("compose.yaml", Some(b"services: {a: [build\n target: dev")),
        ("docker-bake.hcl", Some(b"target {{ \"a\"")),
        ("api/compose.yml", None),
        ("web/compose.yml", Some(latin)),
        ("compose.none.yml", Some(b"a: [")),
        ("big.sh", None),
        ("latin.sh", Some(b"\xe9\ndocker build --target t .\n")),
        (".github/workflows/x.yml", Some(b"a: [")),
        ("notes.yml", Some(b"a: [")),
    ];
    let builds = Builds::of(files.iter().copied(), |_| None);
    let root = told(&builds.of_dockerfile("Dockerfile"));
    assert_eq!(
        root,
        [
            "latin.sh:2 Dockerfile in . target t (2)",
            "compose.yaml unread",
            "docker-bake.hcl unread",
            "api/compose.yml unread",
            "web/compose.yml unread",
        ]
    );
    let web = builds.of_dockerfile("web/Dockerfile");
    assert_eq!(told(&web), ["compose.yaml unread", "docker-bake.hcl unread", "web/compose.yml unread"]);
    assert_eq!(web.unread_target(Some("dev")).as_deref(), Some("what compose.yaml says of it is not known"));
    assert_eq!(web.unread_target(Some("other")).as_deref(), Some("what web/compose.yml says of it is not known"));
}

#[test]
fn stages() {
    let text = "services:\n  a: {build: {context: ., target: DEV}}\n  b: {build: {context: ., target: '1'}}\n  \
                c: {build: {context: ., target: '$T-x'}}\n  d: {build: ., user: me}\n";
    let files = [("compose.yaml", Some(text.as_bytes()))];
    let uses = Builds::of(files, |_| None).of_dockerfile("Dockerfile");
    for (name, number, expected) in [
        (Some("dev"), 0, Some("compose.yaml:2 builds it")),
        (None, 1, Some("compose.yaml:3 builds it")),
        (Some("y-x"), 0, Some("compose.yaml:4 may build it")),
        (Some("y"), 0, None),
        (None, 0, None),
    ] {
        assert_eq!(uses.target(name, number).as_deref(), expected, "{name:?} {number}");
    }
    assert_eq!(uses.number().map(ToString::to_string).as_deref(), Some("compose.yaml:3"));
    let users = |number, last| uses.runs(None, number, last).flat_map(|run| &run.users).count();
    assert_eq!((users(2, true), users(0, false)), (1, 0));
}

#[test]
fn what_a_mount_hides() {
    for (target, path, expected) in [
        ("/app", "/app", true),
        ("/app/", "/app/src", true),
        ("/app/src", "/app", false),
        ("/ap", "/app", false),
        ("\0", "/app", true),
        ("/home/\0", "/home/me/app", true),
        ("/home/\0/x", "/home/me/app", false),
        ("/app", "/", false),
    ] {
        let mount = Mount { source: String::new(), target: target.into(), read_only: false };
        assert_eq!(mount.covers(path), expected, "{target:?} {path}");
    }
}
