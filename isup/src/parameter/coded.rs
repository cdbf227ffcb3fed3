//! The two shapes that most parameters are made of: coded values and indicator bits.

/// An enumeration of the values of a coded field. Codes that the Recommendation leaves spare or to
/// the networks survive as `Other`.
macro_rules! coded {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal => $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* #[doc = concat!("Code ", stringify!($code), ": ", $text, ".")] $variant,)*
            /// A code without a meaning in the Recommendation, or one for national use.
            Other(u8),
        }

        impl $name {
            /// The code in the octet.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(code) => code,
                }
            }

            /// The value that a code stands for.
            #[must_use]
            pub const fn from_code(code: u8) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    code => Self::Other(code),
                }
            }

            /// The meaning in words; "spare" for a code without one.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(_) => "spare",
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

/// An indicator parameter: octets whose bits are flags and coded fields. Bit A of the first octet
/// is bit 0, bit A of the second octet bit 8 (the letters I to P of the Recommendation). Bits named
/// after the type (`u8 | 0x80`) are always sent and never read: the extension bit of a last octet.
macro_rules! indicators {
    (
        $(#[doc = $doc:literal])*
        $name:ident($bits:ty $(| $sent:literal)?) = $code:ident {
            $($(#[doc = $flag_doc:literal])* const $flag:ident = $mask:expr => $flag_text:literal;)*
            $(fn $get:ident, $with:ident: $type:ty = $shift:literal, $width:literal => $field_text:literal;)*
        }
    ) => {
        bitflags::bitflags! {
            $(#[doc = $doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct $name: $bits {
                $($(#[doc = $flag_doc])* #[doc = concat!("Set: ", $flag_text, ".")] const $flag = $mask;)*
            }
        }

        impl $name {
            $(
                #[doc = concat!("The field \"", $field_text, "\".")]
                #[must_use]
                pub const fn $get(self) -> $type {
                    <$type>::from_code(((self.bits() >> $shift) & ((1 << $width) - 1)) as u8)
                }

                #[doc = concat!("This with another value in the field \"", $field_text, "\".")]
                #[must_use]
                pub const fn $with(self, value: $type) -> Self {
                    const MASK: $bits = ((1 << $width) - 1) << $shift;
                    let field = ((value.code() as $bits) << $shift) & MASK;
                    Self::from_bits_retain((self.bits() & !MASK) | field)
                }
            )*
        }

        impl $crate::parameter::Parameter for $name {
            const CODE: $crate::parameter::ParameterCode = $crate::parameter::ParameterCode::$code;

            fn decode(content: &[u8]) -> Result<Self, $crate::error::DecodeError> {
                let octets = $crate::parameter::first_octets(Self::CODE, content)?;
                Ok(Self::from_bits_retain(<$bits>::from_le_bytes(octets) $(& !$sent)?))
            }

            fn encode(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&(self.bits() $(| $sent)?).to_le_bytes());
            }
        }

        impl $crate::parameter::Describe for $name {
            fn describe(&self) -> Vec<$crate::parameter::Field> {
                #[allow(unused_mut, reason = "not every parameter has fields")]
                let mut known = Self::all().bits();
                $(known |= ((1 << $width) - 1) << $shift;)*
                let spare = self.bits() & !known $(& !$sent)?;
                let mut fields = vec![
                    $($crate::parameter::Field::coded($field_text, self.$get().code(), self.$get().name()),)*
                    $($crate::parameter::Field::flag($flag_text, self.contains(Self::$flag)),)*
                ];
                if spare != 0 {
                    fields.push($crate::parameter::Field::octets("spare bits", &spare.to_le_bytes()));
                }
                fields
            }
        }
    };
}

/// A parameter of one octet that is one coded value.
macro_rules! coded_parameter {
    ($name:ident = $code:ident, $field:literal) => {
        impl $crate::parameter::Parameter for $name {
            const CODE: $crate::parameter::ParameterCode = $crate::parameter::ParameterCode::$code;

            fn decode(content: &[u8]) -> Result<Self, $crate::error::DecodeError> {
                let [octet] = $crate::parameter::first_octets(Self::CODE, content)?;
                Ok(Self::from_code(octet))
            }

            fn encode(&self, to: &mut Vec<u8>) {
                to.push(self.code());
            }
        }

        impl $crate::parameter::Describe for $name {
            fn describe(&self) -> Vec<$crate::parameter::Field> {
                vec![$crate::parameter::Field::coded(
                    $field,
                    self.code(),
                    self.name(),
                )]
            }
        }
    };
}

/// A parameter that is octets without a structure modelled here, or with one that other standards
/// define.
macro_rules! octets_parameter {
    ($(#[$meta:meta])* $name:ident = $code:ident, $field:literal) => {
        $crate::parameter::coded::octets_parameter_content! { $(#[$meta])* $name = $code }

        impl $crate::parameter::Describe for $name {
            fn describe(&self) -> Vec<$crate::parameter::Field> {
                vec![$crate::parameter::Field::octets($field, &self.0)]
            }
        }
    };
}

/// A parameter that keeps its octets as they are, and describes them itself.
macro_rules! octets_parameter_content {
    ($(#[$meta:meta])* $name:ident = $code:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name(pub Vec<u8>);

        impl $crate::parameter::Parameter for $name {
            const CODE: $crate::parameter::ParameterCode = $crate::parameter::ParameterCode::$code;

            fn decode(content: &[u8]) -> Result<Self, $crate::error::DecodeError> {
                Ok(Self(content.to_vec()))
            }

            fn encode(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.0);
            }
        }
    };
}

/// A parameter that is one number, most significant octet first.
macro_rules! number_parameter {
    ($(#[$meta:meta])* $name:ident($type:ty $(, $mask:literal)?) = $code:ident, $field:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $type);

        impl $crate::parameter::Parameter for $name {
            const CODE: $crate::parameter::ParameterCode = $crate::parameter::ParameterCode::$code;

            fn decode(content: &[u8]) -> Result<Self, $crate::error::DecodeError> {
                let octets = $crate::parameter::first_octets(Self::CODE, content)?;
                Ok(Self(<$type>::from_be_bytes(octets) $(& $mask)?))
            }

            fn encode(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&(self.0 $(& $mask)?).to_be_bytes());
            }
        }

        impl $crate::parameter::Describe for $name {
            fn describe(&self) -> Vec<$crate::parameter::Field> {
                vec![$crate::parameter::Field::number($field, self.0)]
            }
        }
    };
}

pub(crate) use {
    coded, coded_parameter, indicators, number_parameter, octets_parameter,
    octets_parameter_content,
};
