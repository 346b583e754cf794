package server

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"edge/appliance/installation"
	"edge/kickstart"
)

func (h *Handler) listInstallations(c *gin.Context) error {
	all, err := h.o.Installations.List(c.Request.Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, nonNil(all), writeInstallations)
}

func (h *Handler) showInstallation(c *gin.Context) error {
	i, err := h.o.Installations.Show(c.Request.Context(), c.Param("which"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, i, writeInstallation)
}

// showInstallationLog shows what a machine has sent that may not be one of ours; it is plain text and cleaned.
func (h *Handler) showInstallationLog(c *gin.Context) error {
	log, err := h.o.Installations.Log(c.Request.Context(), c.Param("which"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, installationLog{string(log)}, writeInstallationLog)
}

func (h *Handler) revokeLink(c *gin.Context) error {
	if err := h.o.Installations.Revoke(c.Request.Context(), c.Param("which")); err != nil {
		return err
	}
	return done(c)
}

// linkRequest is the JSON body that asks for a one-time link; all of it may be left out.
type linkRequest struct {
	Device   string            `json:"device"`
	Hostname string            `json:"hostname"`
	Network  kickstart.Network `json:"network"`
	Disk     string            `json:"disk"`
	Target   kickstart.Target  `json:"target"`
	Valid    string            `json:"valid"` // 24h
	Uses     int               `json:"uses"`
	NoEnrol  bool              `json:"no_enrol"`
}

// newLink is the only answer that a link is in.
type newLink struct {
	installation.Installation
	URL    string `json:"url"`
	Kernel string `json:"kernel"` // what an installer is started with
}

func (h *Handler) makeLink(c *gin.Context) error {
	var r linkRequest
	if err := decode(c.Writer, c.Request, &r); err != nil {
		return err
	}
	valid, err := validity(r.Valid)
	if err != nil {
		return err
	}
	n, err := h.blueprintOf(c.Request.Context(), c.Param("blueprint"))
	if err != nil {
		return err
	}
	i, secret, err := h.o.Installations.Create(c.Request.Context(), installation.Request{
		Blueprint: string(n), Valid: valid, Uses: r.Uses,
		Details: installation.Details{Device: r.Device, Hostname: r.Hostname, Network: r.Network, Disk: r.Disk, Target: r.Target, NoEnrol: r.NoEnrol},
	})
	if err != nil {
		return err
	}
	url := strings.TrimRight(h.o.BaseURL, "/") + "/k/" + secret
	return answer(c, http.StatusCreated, newLink{i, url, "inst.ks=" + url}, writeNewLink)
}
