package stores

import (
	"sync"

	"github.com/versity/versitygw/auth"
)

// accounts is the gateway's user directory, in memory, so that no secret is written to a disk.
type accounts struct {
	mu    sync.RWMutex
	users map[string]auth.Account
}

func newAccounts() *accounts { return &accounts{users: map[string]auth.Account{}} }

func (a *accounts) CreateAccount(account auth.Account) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.users[account.Access]; ok {
		return auth.ErrUserExists
	}
	a.users[account.Access] = account
	return nil
}

func (a *accounts) GetUserAccount(access string) (auth.Account, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	account, ok := a.users[access]
	if !ok {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	return account, nil
}

// ResolveAccounts returns those of the access keys that nobody has; the gateway asks for a policy's principals.
func (a *accounts) ResolveAccounts(access []string) ([]string, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	missing := []string{}
	for _, key := range access {
		if _, ok := a.users[key]; !ok {
			missing = append(missing, key)
		}
	}
	return missing, nil
}

func (a *accounts) UpdateUserAccount(access string, props auth.MutableProps) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	account, ok := a.users[access]
	if !ok {
		return auth.ErrNoSuchUser
	}
	if props.Secret != nil {
		account.Secret = *props.Secret
	}
	if props.Role != "" {
		account.Role = props.Role
	}
	a.users[access] = account
	return nil
}

func (a *accounts) DeleteUserAccount(access string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.users, access)
	return nil
}

func (a *accounts) ListUserAccounts() ([]auth.Account, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := make([]auth.Account, 0, len(a.users))
	for _, account := range a.users {
		all = append(all, account)
	}
	return all, nil
}

func (a *accounts) Shutdown() error { return nil }
