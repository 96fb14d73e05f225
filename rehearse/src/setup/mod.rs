//! What outlives a run: the data folder, its secrets and custom resources.

pub mod authority;
pub mod code;
pub mod custom_resource;
pub mod data_folder;
pub mod private_file;
pub mod secret_store;
