//! What the allocation promises, over random rounds and against trying everything.

mod best;
mod cases;
mod promises;
mod rounds;
