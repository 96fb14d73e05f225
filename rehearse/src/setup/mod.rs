//! What outlives a run: the data folder, its secrets and custom resources.

pub mod custom_resource;
pub mod data_folder;
pub mod secret_store;
