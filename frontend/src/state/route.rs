//! Addresses of the page: `/`, `/account`, `/r/ROOM` and `/r/ROOM/SEQ`. A dialog
//! is the fragment, such as `#members`.

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    pub place: Place,
    pub dialog: Option<Dialog>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Place {
    #[default]
    RoomList,
    Account,
    Room {
        id: String,
        /// A message to scroll to.
        seq: Option<i64>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialog {
    NewChat,
    /// The members of the open room.
    Members,
    /// The search that leads to a room.
    Jump,
    /// The keyboard shortcuts.
    Shortcuts,
}

impl Dialog {
    const ALL: [Self; 4] = [Self::NewChat, Self::Members, Self::Jump, Self::Shortcuts];

    /// The fragment of the address.
    fn fragment(self) -> &'static str {
        match self {
            Self::NewChat => "#new",
            Self::Members => "#members",
            Self::Jump => "#jump",
            Self::Shortcuts => "#shortcuts",
        }
    }
}

impl Route {
    pub fn room(id: &str) -> Self {
        Self::message(id, None)
    }

    pub fn message(id: &str, seq: Option<i64>) -> Self {
        let id = id.to_owned();
        Place::Room { id, seq }.into()
    }

    /// The same place without a dialog.
    pub fn without_dialog(&self) -> Self {
        self.place.clone().into()
    }

    /// Parses a path and a fragment. An unknown address shows the room list.
    /// `decode` decodes a percent-encoded segment.
    pub fn parse(path: &str, fragment: &str, decode: impl Fn(&str) -> Option<String>) -> Self {
        let segments: Vec<&str> = path.split('/').filter(|each| !each.is_empty()).collect();
        let place = match segments[..] {
            ["account"] => Some(Place::Account),
            ["r", room] => decode(room).map(|id| Place::Room { id, seq: None }),
            ["r", room, seq] => decode(room).map(|id| Place::Room {
                id,
                seq: seq.parse().ok().filter(|seq| *seq > 0),
            }),
            _ => None,
        };
        let mut dialogs = Dialog::ALL.into_iter();
        let dialog = dialogs.find(|dialog| dialog.fragment() == fragment);
        Self {
            place: place.unwrap_or_default(),
            dialog,
        }
    }

    /// The address. `encode` percent-encodes a segment.
    pub fn address(&self, encode: impl Fn(&str) -> String) -> String {
        let mut address = match &self.place {
            Place::RoomList => "/".to_owned(),
            Place::Account => "/account".to_owned(),
            Place::Room { id, seq: None } => ["/r/", &encode(id)].concat(),
            Place::Room { id, seq: Some(seq) } => {
                ["/r/", &encode(id), "/", &seq.to_string()].concat()
            }
        };
        address.push_str(self.dialog.map_or("", Dialog::fragment));
        address
    }
}

impl From<Place> for Route {
    fn from(place: Place) -> Self {
        Self {
            place,
            dialog: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(address: &str) -> Route {
        let (path, fragment) = match address.find('#') {
            Some(at) => address.split_at(at),
            None => (address, ""),
        };
        Route::parse(path, fragment, |segment| Some(segment.replace("%2F", "/")))
    }

    #[test]
    fn an_address_is_parsed_to_the_route_that_made_it() {
        let places = [
            Place::RoomList,
            Place::Account,
            Place::Room {
                id: "a/b".into(),
                seq: None,
            },
            Place::Room {
                id: "r".into(),
                seq: Some(7),
            },
        ];
        for place in places {
            for dialog in std::iter::once(None).chain(Dialog::ALL.map(Some)) {
                let route = Route {
                    place: place.clone(),
                    dialog,
                };
                let address = route.address(|id| id.replace('/', "%2F"));
                assert_eq!(parse(&address), route, "{address}");
            }
        }
    }

    #[test]
    fn an_unknown_address_shows_the_room_list() {
        for address in ["", "/x", "/r", "/r/a/1/2", "/account/x#other"] {
            assert_eq!(parse(address), Route::default(), "{address}");
        }
        assert_eq!(parse("/r/a/x"), Route::room("a"));
        assert_eq!(parse("/r/a/-1"), Route::room("a"));
    }
}
