package placement

import (
	"fmt"

	"github.com/bucketproof/bucketproof/reference/availability"
)

// Role is a member's role in the organisation.
type Role string

// The roles.
const (
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
	RoleGuest  Role = "guest" // in the organisation, without the permission to read other teams' files
)

// Roles are all of them.
var Roles = []Role{RoleAdmin, RoleMember, RoleGuest}

// Member is somebody with an account.
type Member struct {
	ID, Organization string
	Role             Role
	Teams            map[string]bool // IDs of teams; only what is true counts
}

// Action is what somebody wants to do with a team's files or storage.
type Action string

// The actions.
const (
	Read           Action = "read"
	List           Action = "list"
	Write          Action = "write"
	Delete         Action = "delete"
	SetUpStorage   Action = "set-up-storage"
	CollectGarbage Action = "collect-garbage"
)

// Actions are all of them.
var Actions = []Action{Read, List, Write, Delete, SetUpStorage, CollectGarbage}

// May says whether a member may do something to a team's files or storage; nil is yes, a *Refusal is no. Nobody outside the
// organisation may anything (BYOB-ISO-006), whatever the role. Only admins set storage up and collect garbage (BYOB-TEAM-001;
// that garbage is theirs is our reading). A team's files are its members' in any bucket. Those in a bucket of the team's own
// are nobody else's, an admin being no exception (BYOB-ISO-001, 003); those in the instance's bucket may be read and listed
// by everybody in the organisation but guests, and neither written nor deleted (BYOB-ISO-002, contradiction 5). The page of
// 2024-connector says nothing about who may read whose files: there all this is refused to others, Open.
func May(m Member, a Action, t Team, edition string) error {
	if err := knownEdition(edition); err != nil {
		return err
	}
	if err := knownWord("role", m.Role, Roles); err != nil {
		return err
	}
	if err := knownWord("action", a, Actions); err != nil {
		return err
	}
	if t.ID == "" || t.Organization == "" {
		return fmt.Errorf("%w: a team has an ID and an organisation", availability.ErrUnknown)
	}
	if m.Organization != t.Organization {
		return &Refusal{Requirement: "BYOB-ISO-006", Rule: "only members of the organisation reach its teams' files", Fix: "ask an admin of the organisation for an account"}
	}
	switch a {
	case SetUpStorage:
		return adminOnly(m, "BYOB-TEAM-001", "only an admin sets storage up", false)
	case CollectGarbage:
		return adminOnly(m, "BYOB-KEEP-004", "only an admin collects garbage", true)
	}
	if m.Teams[t.ID] {
		return nil
	}
	const join = "let an admin add you to the team"
	if t.External {
		return &Refusal{Requirement: "BYOB-ISO-001", Rule: "files in a team's own bucket are its members' only", Fix: join}
	}
	silent := edition == "2024-connector"
	switch {
	case a == Write || a == Delete:
		return &Refusal{Requirement: "BYOB-ISO-002", Rule: "in the instance's bucket only a team's members write and delete its files", Fix: join, Open: silent}
	case m.Role == RoleGuest:
		return &Refusal{Requirement: "BYOB-ISO-002", Rule: "a guest reads no other team's files in the instance's bucket", Fix: join, Open: silent}
	case silent:
		return &Refusal{Requirement: "BYOB-ISO-002", Rule: "whether other teams read a team's files in the instance's bucket isn't published", Fix: join, Open: true}
	}
	return nil
}

func adminOnly(m Member, requirement, rule string, open bool) error {
	if m.Role == RoleAdmin {
		return nil
	}
	return &Refusal{Requirement: requirement, Rule: rule, Fix: "ask an admin of the organisation", Open: open}
}
