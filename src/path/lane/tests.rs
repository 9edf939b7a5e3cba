//! Private tests of the lane.
