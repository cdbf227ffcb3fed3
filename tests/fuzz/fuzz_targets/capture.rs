#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| isthmus_fuzz::run("capture", octets));
