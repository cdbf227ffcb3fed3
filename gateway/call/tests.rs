//! Both halves as tables, and every race of four events in every state.

mod events;
mod races;
mod table;
