package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"edge/appliance/fleet"
	"edge/appliance/report"
)

// TokenRequest asks for an enrolment token. Zero values mean the only blueprint, a day and one device.
type TokenRequest struct {
	Blueprint string
	Valid     time.Duration
	Uses      int
}

// NewToken is an enrolment token with its secret, which the server tells once.
type NewToken struct {
	fleet.Token
	Secret  string `json:"token"`
	Install string `json:"install"` // the line to use on the device
}

// ToListDevices asks for every device at a glance.
func ToListDevices() Call { return get("devices") }

// ToShowDevice asks for all that is known of a device; which is its ID, the beginning of it, or a name that only it has.
func ToShowDevice(which string) Call { return get("devices", which) }

// ToForget removes a device and its key; which is as for ToShowDevice.
func ToForget(which string) Call {
	return Call{Method: http.MethodDelete, Path: []string{"devices", which}}
}

// ToListTokens asks for the enrolment tokens, without their secrets.
func ToListTokens() Call { return get("devices", "tokens") }

// ToMakeToken makes an enrolment token.
func ToMakeToken(r TokenRequest) Call {
	body := struct {
		Blueprint string `json:"blueprint,omitempty"`
		Valid     string `json:"valid,omitempty"`
		Uses      int    `json:"uses,omitempty"`
	}{Blueprint: r.Blueprint, Uses: r.Uses}
	if r.Valid != 0 {
		body.Valid = r.Valid.String()
	}
	return post([]string{"devices", "tokens"}, body)
}

// ToRevokeToken makes an enrolment token worthless. Its answer has no content.
func ToRevokeToken(id string) Call {
	return Call{Method: http.MethodDelete, Path: []string{"devices", "tokens", id}}
}

// ToEnrol is how a device becomes one of the builder's. It needs no token of the builder.
func ToEnrol(e report.Enrolment) Call { return post([]string{"devices", "enrol"}, e) }

// ToPutStatus sends what report.Sign made. It needs no token of the builder. Its answer has no content.
func ToPutStatus(id string, signed []byte) Call {
	return Call{Method: http.MethodPut, Path: []string{"devices", id, "status"}, Body: json.RawMessage(signed)}
}

// Devices sends ToListDevices.
func (c *Client) Devices(ctx context.Context) ([]fleet.Row, error) {
	return decode[[]fleet.Row](ctx, c, ToListDevices())
}

// Device sends ToShowDevice.
func (c *Client) Device(ctx context.Context, which string) (fleet.Device, error) {
	return decode[fleet.Device](ctx, c, ToShowDevice(which))
}

// Forget sends ToForget.
func (c *Client) Forget(ctx context.Context, which string) (fleet.Row, error) {
	return decode[fleet.Row](ctx, c, ToForget(which))
}

// EnrolmentTokens sends ToListTokens.
func (c *Client) EnrolmentTokens(ctx context.Context) ([]fleet.Token, error) {
	return decode[[]fleet.Token](ctx, c, ToListTokens())
}

// MakeToken sends ToMakeToken.
func (c *Client) MakeToken(ctx context.Context, r TokenRequest) (NewToken, error) {
	return decode[NewToken](ctx, c, ToMakeToken(r))
}

// RevokeToken sends ToRevokeToken.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	_, err := c.JSON(ctx, ToRevokeToken(id))
	return err
}

// Enrol sends ToEnrol. Sent again, because the answer was lost, it does no harm and gets the same answer. A
// *Problem with status 403 means that the token is wrong, spent or expired.
func (c *Client) Enrol(ctx context.Context, e report.Enrolment) (fleet.Row, error) {
	return decode[fleet.Row](ctx, c, ToEnrol(e))
}

// PutStatus sends ToPutStatus. A *Problem tells what became of it: 404, the builder does not know the
// device, which is to enrol again; 409, a newer report is there; 429 and 5xx, try again at the next turn.
func (c *Client) PutStatus(ctx context.Context, id string, signed []byte) error {
	_, err := c.JSON(ctx, ToPutStatus(id, signed))
	return err
}
