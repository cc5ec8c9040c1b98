//! Delivery reports.
