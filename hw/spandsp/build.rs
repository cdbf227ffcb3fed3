//! Binds `spandsp.h` of the installed library; does nothing without the feature `library`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "library")]
    header::bind();
}

#[cfg(feature = "library")]
#[expect(clippy::panic, reason = "how a build script says what is missing")]
mod header {
    use std::path::PathBuf;

    pub(super) fn bind() {
        // Linked dynamically: the library is under the LGPL.
        println!("cargo::rustc-link-lib=dylib=spandsp");
        let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        bindgen::Builder::default()
            .header_contents("spandsp-user.h", "#include <spandsp.h>\n")
            .allowlist_function("v22bis_(init|free|rx|tx|get_current_bit_rate)")
            .allowlist_var("SIG_STATUS_.*")
            .opaque_type("v22bis_state_s")
            .prepend_enum_name(false)
            .layout_tests(false)
            .generate()
            .unwrap_or_else(|error| {
                panic!(
                    "bindgen cannot read spandsp.h (apt install libspandsp-dev libclang-dev): {error}"
                )
            })
            .write_to_file(out.join("bindings.rs"))
            .expect("OUT_DIR can be written");
    }
}
