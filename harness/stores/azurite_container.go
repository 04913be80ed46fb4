package stores

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// azuriteInContainer starts Azurite in a container and returns when it answers.
func azuriteInContainer(ctx context.Context, e *engine, ca *authority, accounts int) (*azurite, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, azuriteReadyLimit, fmt.Errorf("no answer within %v", azuriteReadyLimit))
	defer cancel()
	cert, key, err := serverCertificate(ca)
	if err != nil {
		return nil, fmt.Errorf("start azurite: %w", err)
	}
	a, environment := newAzurite(accounts)
	b, err := e.start(ctx, boxOptions{pin: azuritePin, stdin: true, env: map[string]string{"AZURITE_ACCOUNTS": environment},
		files: map[string][]byte{"/tmp/public.crt": cert, "/tmp/private.key": key},
		command: []string{"--blobHost", "0.0.0.0", "--blobPort", "10000", "--cert", "/tmp/public.crt", "--key", "/tmp/private.key",
			"--inMemoryPersistence", "--extentMemoryLimit", strconv.Itoa(azuriteMemory), "--skipApiVersionCheck", "--disableTelemetry", "--silent"}})
	if err != nil {
		return nil, err
	}
	a.box, a.addr = b, b.addr
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	if err := a.answers(ctx, tick.C, ca.pool); err != nil {
		return nil, errors.Join(fmt.Errorf("start azurite: %w", err), a.close())
	}
	return a, nil
}
