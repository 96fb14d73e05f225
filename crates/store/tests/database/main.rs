//! The store against a real server: the one that `MONGODB_URI` names, or the
//! embedded one if it is unset. What must not race is made to race, and
//! both have to answer the same.

mod accounts;
mod ceremonies;
mod challenges;
mod changes;
mod connections;
mod deliveries;
mod devices;
mod factors;
mod faults;
mod history;
mod interleavings;
mod invitations;
mod members;
mod memberships;
mod messages;
mod people;
mod presence;
mod presence_model;
mod quotas;
mod replication;
mod rooms;
mod scratch;
mod sessions;
mod suppressions;
mod tries;
