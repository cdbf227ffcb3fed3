//! Binds `dahdi/user.h` of the installed driver; does nothing without the feature `bindings`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "bindings")]
    header::bind();
}

#[cfg(feature = "bindings")]
#[expect(clippy::panic, reason = "how a build script says what is missing")]
mod header {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// Where a build may be told to find the header: the folder that holds `dahdi/user.h`.
    const VARIABLE: &str = "DAHDI_INCLUDE";
    /// What Debian's `dahdi-source` installs: the driver's source, packed.
    const PACKED: &str = "/usr/src/dahdi.tar.bz2";
    /// The folder of the header in it.
    const IN_PACKED: &str = "modules/dahdi/include";

    pub(super) fn bind() {
        println!("cargo::rerun-if-env-changed={VARIABLE}");
        println!("cargo::rerun-if-changed={PACKED}");
        let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        let include = include(&out);
        let header = include.join("dahdi/user.h");
        println!("cargo::rerun-if-changed={}", header.display());
        println!(
            "cargo::rustc-env=DAHDI_INCLUDE_FOLDER={}",
            include.display()
        );
        let bindings = bindgen::Builder::default()
            .header(header.display().to_string())
            .clang_arg(format!("-I{}", include.display()))
            .allowlist_type("dahdi_.*")
            .allowlist_var("_*DAHDI_.*|ELAST")
            .derive_default(true)
            .layout_tests(true)
            // The ioctl numbers are macros with `sizeof` in them: only a compiler knows their value.
            .clang_macro_fallback()
            .clang_macro_fallback_build_dir(&out)
            .generate()
            .unwrap_or_else(|error| {
                panic!(
                    "bindgen cannot read {} (it needs libclang: apt install libclang-dev): {error}",
                    header.display()
                )
            });
        bindings
            .write_to_file(out.join("bindings.rs"))
            .expect("OUT_DIR can be written");
        let text = fs::read_to_string(&header).expect("the header was read before");
        let bound = fs::read_to_string(out.join("bindings.rs")).expect("it was written before");
        fs::write(out.join("ioctls.rs"), ioctls(&text, &bound)).expect("OUT_DIR can be written");
    }

    /// The folder that holds `dahdi/user.h`.
    fn include(out: &Path) -> PathBuf {
        let has = |folder: &PathBuf| folder.join("dahdi/user.h").is_file();
        if let Some(folder) = std::env::var_os(VARIABLE).map(PathBuf::from) {
            assert!(
                has(&folder),
                "{VARIABLE}: {} holds no dahdi/user.h",
                folder.display()
            );
            return folder;
        }
        // A driver installed by hand, module-assistant's unpacked source, dkms's.
        let dkms = fs::read_dir("/usr/src").into_iter().flatten().flatten();
        let mut places: Vec<_> = dkms
            .map(|entry| entry.path())
            .filter(|path| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("dahdi-"))
            })
            .map(|path| path.join("include"))
            .collect();
        places.sort();
        places.reverse();
        places.insert(0, PathBuf::from("/usr/include"));
        places.push(PathBuf::from("/usr/src/modules/dahdi/include"));
        if let Some(found) = places.into_iter().find(has) {
            return found;
        }
        if Path::new(PACKED).is_file() {
            let unpacked = Command::new("tar")
                .arg("-C")
                .arg(out)
                .args(["-xjf", PACKED, IN_PACKED])
                .status();
            let folder = out.join(IN_PACKED);
            assert!(
                unpacked.is_ok_and(|status| status.success()) && has(&folder),
                "cannot unpack {IN_PACKED} of {PACKED} (it needs tar and bzip2)"
            );
            return folder;
        }
        panic!(
            "no dahdi/user.h in /usr/include, /usr/src/dahdi-*/include or {PACKED}: \
             apt install dahdi-source, or set {VARIABLE} to the folder that holds dahdi/user.h"
        );
    }

    /// A table of every ioctl number of the header, by name: what its own `_IO` macros define and
    /// the compiler could evaluate. A macro that is not compiled in has no number.
    fn ioctls(header: &str, bound: &str) -> String {
        let names = header.lines().filter_map(|line| {
            let mut words = line.strip_prefix("#define")?.split_whitespace();
            let (name, value) = (words.next()?, words.next()?);
            let is_ioctl = name.starts_with("DAHDI_") && value.starts_with("_IO");
            (is_ioctl && bound.contains(&format!("const {name}:"))).then_some(name)
        });
        let rows: String = names
            .map(|name| format!("    ({name:?}, {name} as u32),\n"))
            .collect();
        format!("&[\n{rows}]\n")
    }
}
