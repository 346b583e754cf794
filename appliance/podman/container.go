package podman

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"edge/appliance/command"
)

// Container is a container as it is now. Another start is another ID or another Since.
type Container struct {
	ID      string
	Image   string // ID of its image
	Running bool
	Since   time.Time // when it was started; zero: never
}

// parseContainer reads what "podman container inspect" prints of one container. What differs between
// podman 4 and 5 (Entrypoint, StopSignal, health checks) is not looked at.
func parseContainer(data []byte) (Container, error) {
	var list []struct {
		ID    string `json:"Id"`
		Image string `json:"Image"`
		State struct {
			Running   bool      `json:"Running"`
			StartedAt time.Time `json:"StartedAt"`
		} `json:"State"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return Container{}, err
	}
	if len(list) != 1 {
		return Container{}, fmt.Errorf("%d containers, want one", len(list))
	}
	raw := list[0]
	if !imageID.MatchString(raw.ID) || !imageID.MatchString(raw.Image) {
		return Container{}, fmt.Errorf("container %q of image %q: one is no ID", cut(raw.ID, 80), cut(raw.Image, 80))
	}
	return Container{raw.ID, raw.Image, raw.State.Running, raw.State.StartedAt}, nil
}

// Container looks at a container by name. ErrNoContainer when there is none.
func (s *Session) Container(ctx context.Context, name string) (Container, error) {
	out, err := s.do(ctx, "podman", "container", "inspect", name)
	if err != nil {
		_, existsErr := s.podman(ctx, "container", "exists", name)
		var failed *command.Error
		if errors.As(existsErr, &failed) && failed.Exit == 1 {
			return Container{}, fmt.Errorf("looking at container %q: %w", name, ErrNoContainer)
		}
		return Container{}, err
	}
	c, err := parseContainer(out)
	if err != nil {
		return Container{}, fmt.Errorf("reading what podman tells of container %q: %w", name, err)
	}
	return c, nil
}
