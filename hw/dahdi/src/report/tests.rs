use super::*;

/// A card of two spans in the driver's words, the first one with everything that it can say.
const CARD: &str = "\
Span 1: TE2/0/1 \"T2XXP (PCI) \"Card\" 0 Span 1\" (MASTER) HDB3/CCS/CRC4 YELLOW RED ClockSource 
\tBPV count: 3
\tCRC4 error count: 12
\tTiming slips: 1

\t   1 TE2/0/1/1 Clear (In use) RED (EC: MG2 - INACTIVE) 
\t   2 TE2/0/1/2 Clear (EC: HPEC II - ACTIVE) 
\t   3 TE2/0/1/3 Clear Master 
\t  16 TE2/0/1/16 HDLCFCS (In use) 
\t  17 TE2/0/1/17 MTP2 
\t  18 TE2/0/1/18 Hardware-assisted HDLC 
\t  19 TE2/0/1/19 E&M 
\t  20 TE2/0/1/20 SF (ToneOnly) 
\t  21 TE2/0/1/21 Reserved 
\t  22 TE2/0/1/22 
";

#[test]
fn a_report_is_read_whole() {
    let span = SpanReport::parse(CARD).unwrap();
    assert_eq!((span.number, span.name.as_str()), (1, "TE2/0/1"));
    assert_eq!(span.description, "T2XXP (PCI) \"Card\" 0 Span 1");
    assert!(span.master && span.clock_source);
    assert_eq!(span.line, "HDB3/CCS/CRC4");
    assert_eq!(span.alarms, ["YELLOW", "RED"]);
    let counters: Vec<_> = span
        .counters
        .iter()
        .map(|(name, n)| (name.as_str(), *n))
        .collect();
    assert_eq!(
        counters,
        [
            ("BPV count", 3),
            ("CRC4 error count", 12),
            ("Timing slips", 1)
        ]
    );
    let signalling: Vec<_> = span
        .channels
        .iter()
        .map(|c| (c.number, c.signalling.clone()))
        .collect();
    assert_eq!(
        signalling,
        [
            (1, Signalling::Clear),
            (2, Signalling::Clear),
            (3, Signalling::ClearMaster),
            (16, Signalling::Hdlc),
            (17, Signalling::Mtp2),
            (18, Signalling::HardHdlc),
            (19, Signalling::Other("E&M".into())),
            (20, Signalling::Other("SF (ToneOnly)".into())),
            (21, Signalling::Unconfigured),
            (22, Signalling::Unconfigured),
        ]
    );
    let first = span.channel(1).unwrap();
    assert!(first.in_use);
    assert_eq!(first.alarms, ["RED"]);
    assert_eq!(first.echo_canceller, Some(("MG2".into(), false)));
    assert_eq!(
        span.channels[1].echo_canceller,
        Some(("HPEC II".into(), true))
    );
    assert_eq!((span.channel(0), span.channel(11)), (None, None));
}

#[test]
fn what_is_no_report_is_refused() {
    for text in [
        "",
        "Span",
        "Span x: a \"b\"",
        "span 1: a \"b\"",
        "Span 1: no description",
    ] {
        assert_eq!(SpanReport::parse(text), None, "{text:?}");
    }
}

#[test]
fn without_a_driver_the_error_says_how_to_load_it() {
    let error = spans_in(Path::new("/nonexistent/dahdi"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("/nonexistent/dahdi is missing; `modprobe dahdi`"),
        "{error}"
    );
}

#[test]
fn spans_are_read_in_the_order_of_their_numbers() {
    let folder = std::env::temp_dir().join(format!("isthmus-dahdi-report-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in [
        ("10", "Span 10: b \"\" \n"),
        ("2", "Span 2: a \"\" \n"),
        ("x", ""),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let numbers: Vec<_> = spans_in(&folder)
        .unwrap()
        .iter()
        .map(|span| span.number)
        .collect();
    std::fs::write(folder.join("3"), "something else\n").unwrap();
    let error = spans_in(&folder).unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(numbers, [2, 10]);
    assert!(
        error.contains("\"something else\" is not a report"),
        "{error}"
    );
}
