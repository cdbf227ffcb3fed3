use proptest::prelude::*;

use super::*;

fn read(content_type: &str, octets: &[u8]) -> Result<Bodies, BodyError> {
    Bodies::read(
        Some(content_type),
        None,
        None,
        &Bytes::copy_from_slice(octets),
    )
}

fn isup(octets: &[u8]) -> IsupBody {
    IsupBody::new("itu-t92+", Some("itu-t92+".to_owned()), octets.to_vec())
}

#[test]
fn a_sole_body_is_written_as_it_is() {
    let written = Bodies::isup(isup(&[1, 0, 13, 10])).write(7);
    assert_eq!(
        written.content_type.as_deref(),
        Some("application/ISUP;version=itu-t92+;base=itu-t92+")
    );
    assert_eq!(
        written.disposition.as_deref(),
        Some("signal;handling=optional")
    );
    assert_eq!(&written.octets[..], [1, 0, 13, 10]);
}

#[test]
fn a_boundary_never_occurs_in_a_part() {
    let nasty = format!("\r\n--isthmus-{:016x}--\r\n", 9);
    let bodies = Bodies::sdp("v=0\r\n").with_isup(isup(nasty.as_bytes()));
    let written = bodies.write(9);
    let content_type = written.content_type.unwrap();
    assert_eq!(
        content_type,
        format!("multipart/mixed;boundary=isthmus-{:016x}", 10)
    );
    assert_eq!(read(&content_type, &written.octets), Ok(bodies));
}

#[test]
fn quoted_boundary_padding_and_missing_last_crlf() {
    let octets = b"preamble\r\n--a b \t\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--a b\r\nCONTENT-TYPE:\r\n application/isup; VERSION=\"itu-t92+\"\r\nContent-Transfer-Encoding: binary\r\n\r\n\x06\x00\r\n--a bc\r\n--a b--";
    let bodies = read("multipart/mixed; boundary=\"a b\"", octets).unwrap();
    assert_eq!(bodies.sdp.unwrap(), "v=0\r\n");
    let isup = bodies.isup.unwrap();
    assert_eq!(isup.version, "itu-t92+");
    assert_eq!(isup.handling, Handling::Required);
    // A longer boundary is content.
    assert_eq!(&isup.octets[..], b"\x06\x00\r\n--a bc");
}

#[test]
fn empty_parts_and_nested_multiparts() {
    let octets = b"--o\r\n\r\n--o\r\n\r\nplain\r\n--o\r\nContent-Type: multipart/mixed;boundary=i\r\n\r\n--i\r\nContent-Type: application/ISUP;version=ansi00\r\nContent-Disposition: signal; handling=optional\r\n\r\n\x0c\r\n--i--\r\n\r\n--o--\r\n";
    let bodies = read("multipart/mixed;boundary=o", octets).unwrap();
    assert_eq!(bodies.others.len(), 2);
    assert_eq!(&bodies.others[0].octets[..], b"");
    assert_eq!(&bodies.others[1].octets[..], b"plain");
    let isup = bodies.isup.unwrap();
    assert_eq!(
        (&isup.octets[..], isup.handling),
        (&[0x0c][..], Handling::Optional)
    );
}

#[test]
fn faults_have_their_status() {
    assert_eq!(read("application", b"x").unwrap_err().status(), 400);
    assert_eq!(read("multipart/mixed", b"x"), Err(BodyError::Boundary));
    assert_eq!(
        read("multipart/mixed;boundary=b", b"--b\r\n\r\nx\r\n"),
        Err(BodyError::Unclosed {
            boundary: "b".to_owned()
        })
    );
    let encoded = Bodies::read(
        Some("application/isup"),
        None,
        Some("base64"),
        &Bytes::from_static(b"AQ=="),
    );
    assert_eq!(encoded.unwrap_err().status(), 415);
    let deep = (0..9).fold(b"x".to_vec(), |inner, n| {
        let mut outer = format!(
            "--{n}\r\nContent-Type: multipart/mixed;boundary={}\r\n\r\n",
            n - 1
        )
        .into_bytes();
        outer.extend_from_slice(&inner);
        outer.extend_from_slice(format!("\r\n--{n}--").as_bytes());
        outer
    });
    assert_eq!(
        read("multipart/mixed;boundary=8", &deep),
        Err(BodyError::TooMany)
    );
}

#[test]
fn a_required_part_of_unknown_type_is_told() {
    let octets = Bytes::from_static(b"<x/>");
    let required = Bodies::read(Some("application/xml"), None, None, &octets).unwrap();
    assert_eq!(
        required.not_understood().unwrap().content_type,
        "application/xml"
    );
    let optional = Bodies::read(
        Some("application/xml"),
        Some("render;handling=optional"),
        None,
        &octets,
    );
    assert_eq!(optional.unwrap().not_understood(), None);
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    // Plenty of the octets that delimiters are made of.
    let octet = prop_oneof![
        Just(b'\r'),
        Just(b'\n'),
        Just(b'-'),
        Just(b'0'),
        any::<u8>()
    ];
    proptest::collection::vec(octet, 1..60)
}

proptest! {
    #[test]
    fn any_octets_survive_a_multipart(
        sdp in octets(),
        isup_octets in octets(),
        further in proptest::collection::vec(octets(), 0..=31),
        seed in any::<u32>(),
    ) {
        let mut bodies = Bodies::sdp(sdp).with_isup(isup(&isup_octets));
        bodies.further_isup = further.iter().map(|octets| isup(octets)).collect();
        let written = bodies.write(u64::from(seed));
        prop_assert_eq!(read(&written.content_type.unwrap(), &written.octets), Ok(bodies));
    }

    #[test]
    fn no_octets_panic(mut body in octets(), tail in octets()) {
        body.extend_from_slice(b"\r\n--0\r\n");
        body.extend_from_slice(&tail);
        body.extend_from_slice(b"\r\n--0--");
        let _ = read("multipart/mixed;boundary=0", &body);
        let _ = read("multipart/mixed;boundary=-", &body);
    }
}
