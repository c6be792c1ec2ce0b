//! Globs inside the patient's root, on every shell there is.

use std::fs::{create_dir, create_dir_all, write};
use std::os::unix::fs::symlink;

use housecall::ask::{Ask, Ended, Question};

use super::driver::Shell;
use super::each;

fn found(shell: &mut Shell, pattern: &str, most: u64) -> Vec<String> {
    let raw = shell.ask(&Ask::new(Question::Glob {
        pattern: pattern.into(),
        most,
    }));
    assert_eq!(raw.ended, Ended::Exited(0), "{}", raw.stderr.text());
    let text = raw.stdout.text().into_owned();
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn promise_9_a_glob_matches_in_the_patients_root_and_nowhere_else() {
    each(|shell| {
        let ours = tempfile::tempdir().unwrap();
        write(ours.path().join("secret.yaml"), "ours").unwrap();
        let theirs = tempfile::tempdir().unwrap();
        let root = theirs.path().canonicalize().unwrap();
        create_dir_all(root.join("app/one")).unwrap();
        create_dir_all(root.join("app/two")).unwrap();
        create_dir(root.join("etc")).unwrap();
        for file in [
            "app/one/a.yaml",
            "app/two/b.yaml",
            "app/two/b.json",
            "app/two/.hidden.yaml",
            "etc/x y*$(id).yaml",
            "etc/new\nline.yaml",
        ] {
            write(root.join(file), "theirs").unwrap();
        }
        // A link to an absolute path is one of the patient's; one that climbs stays below its root; a folder is no file.
        symlink("/app/one", root.join("app/three")).unwrap();
        symlink(
            "../../../../../app/one/a.yaml",
            root.join("etc/climbing.yaml"),
        )
        .unwrap();
        symlink(ours.path(), root.join("app/ours")).unwrap();
        symlink(ours.path().join("secret.yaml"), root.join("etc/ours.yaml")).unwrap();
        create_dir(root.join("app/two/folder.yaml")).unwrap();
        shell.within(&root);
        assert_eq!(
            found(shell, "/app/*/*.yaml", 64),
            ["/app/one/a.yaml", "/app/three/a.yaml", "/app/two/b.yaml"]
        );
        let mut etc = found(shell, "/etc/*.yaml", 64);
        etc.sort();
        assert_eq!(
            etc,
            [
                "/etc/climbing.yaml",
                "/etc/new\nline.yaml",
                "/etc/x y*$(id).yaml"
            ]
        );
        assert_eq!(found(shell, "/a??/t[vw]o/b.*", 64).len(), 2);
        assert_eq!(found(shell, "/app/one/a.yaml", 64), ["/app/one/a.yaml"]);
        assert!(found(shell, "/none/*", 64).is_empty());
        assert!(found(shell, "/app/two/.*", 64) == ["/app/two/.hidden.yaml"]);
        assert_eq!(
            found(shell, "/*/*/../*/*.yaml", 1).len(),
            2,
            "one more than wanted is told"
        );
    });
}
