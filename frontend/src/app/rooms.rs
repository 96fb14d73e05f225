//! Creating rooms, inviting, removing and leaving.

use chat_client::{Effect, Fetch, Fetched};
use domain::RoomName;
use protocol::RoomKind;
use protocol::http::{AddMember, CreateRoom, RoomResponse};

use super::App;
use crate::browser::{self, encoded};
use crate::json;
use crate::state::{Problem, RequestError, Route, check_email};

impl App {
    /// Creates a group and opens it.
    pub async fn create_room(self, name: String) -> Result<(), Problem> {
        let name = RoomName::parse("name", &name)?.as_str().to_owned();
        let id = self.id_of_group(&name);
        self.create(CreateRoom {
            name,
            kind: RoomKind::Group,
            members: Vec::new(),
            id: Some(id),
        })
        .await?;
        self.inner().creating.take();
        Ok(())
    }

    /// The id under which a group is created, the same until it exists.
    fn id_of_group(self, name: &str) -> String {
        let inner = self.inner();
        let mut creating = inner.creating.borrow_mut();
        match &*creating {
            Some((of, id)) if of == name => id.clone(),
            _ => {
                let id = browser::new_id();
                *creating = Some((name.to_owned(), id.clone()));
                id
            }
        }
    }

    /// Opens the direct chat with a person, which is created once.
    pub async fn write_to(self, email: String) -> Result<(), Problem> {
        check_email("members", &email)?;
        self.create(CreateRoom {
            name: String::new(),
            kind: RoomKind::Direct,
            members: vec![email.trim().to_owned()],
            id: None,
        })
        .await
    }

    pub async fn invite(self, room: String, email: String) -> Result<(), Problem> {
        check_email("email", &email)?;
        let path = format!("/api/rooms/{}/members", encoded(&room));
        let body = json::text(&AddMember {
            email: email.trim().to_owned(),
        });
        let result = self.inner().api.send("POST", &path, Some(body)).await;
        result.map_err(|error| self.explain(&error))?;
        self.carry_out(vec![Effect::Fetch(Fetch::Room { room })]);
        Ok(())
    }

    pub fn remove(self, room: String, user: String) {
        self.spawn(async move {
            match self.take_out(&room, &user).await {
                Ok(()) => self.carry_out(vec![Effect::Fetch(Fetch::Room { room })]),
                Err(problem) => self.notice.set(Some(problem.message)),
            }
        });
    }

    pub fn leave_room(self, room: String) {
        let me = self.chat.with_untracked(|chat| chat.my_id().to_owned());
        self.inner().leaving.borrow_mut().insert(room.clone());
        self.spawn(async move {
            match self.take_out(&room, &me).await {
                Ok(()) => self.left(room),
                Err(problem) => {
                    self.inner().leaving.borrow_mut().remove(&room);
                    self.notice.set(Some(problem.message));
                }
            }
        });
    }

    /// The service also sends `left`; this is for when the socket is closed.
    fn left(self, room: String) {
        let is_open = self
            .chat
            .with_untracked(|chat| chat.current.as_ref() == Some(&room));
        if is_open {
            self.replace(Route::default());
        }
        let left = protocol::ServerFrame::Left {
            reference: None,
            room,
        };
        self.change(|chat| chat.receive(left, browser::now()));
    }

    async fn take_out(self, room: &str, user: &str) -> Result<(), Problem> {
        self.notice.set(None);
        let path = format!("/api/rooms/{}/members/{}", encoded(room), encoded(user));
        let result = self.inner().api.send("DELETE", &path, None).await;
        result.map_err(|error| self.explain(&error))
    }

    async fn create(self, room: CreateRoom) -> Result<(), Problem> {
        let navigations = self.navigations();
        let started = self
            .inner()
            .api
            .post::<RoomResponse>("/api/rooms", &room)
            .await;
        let RoomResponse { room } = started.map_err(|error| self.explain(&error))?;
        let id = room.id.clone();
        self.change(|chat| chat.fetched(Fetched::Room(room), browser::now()));
        // Where the user has gone elsewhere meanwhile, the room only appears in the list.
        if self.navigations() == navigations {
            self.open_in_place(&id);
        }
        Ok(())
    }

    pub(super) fn explain(self, error: &RequestError) -> Problem {
        if error.is_signed_out() {
            self.signed_out();
        }
        error.problem()
    }
}
