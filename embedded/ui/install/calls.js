// What the page asks of the builder: kickstarts, one-time links, boot ISOs, QR codes.
import { answer, path, request, send } from "/ui/api.js";

// kickstart is {target, text, findings} of a blueprint; device and target may be "".
export const kickstart = (name, device, target, signal) => request(`${path("blueprints", name, "kickstart")}${query({ device, target })}`, { signal });

export const installations = () => request("kickstarts");
export const installationLog = (id) => request(path("kickstarts", id, "log"));
export const makeLink = (name, wanted) => send("POST", path("kickstarts", name), wanted);
export const revokeLink = (id) => send("DELETE", path("kickstarts", id));

export const images = () => request("images");
export const addBase = (wanted) => send("POST", "images", wanted);
export const buildImage = (name, wanted) => send("POST", path("images", name), wanted);

// imagePath is where the builder's API has an image: that of a device has no name of its own.
export const imagePath = (image, ...rest) => (image.device ? path("images", image.blueprint, "by-device", image.device, ...rest) : path("images", image.blueprint, image.name, ...rest));

export const removeImage = (image) => send("DELETE", imagePath(image));
export const proof = (image) => request(imagePath(image, "proof"));
export const check = (image) => send("POST", imagePath(image, "check"));

// qr is the SVG of a text as a QR code. The text goes as a body: a one-time link is a secret.
export const qr = (text) => answer("qr", { method: "POST", headers: { "Content-Type": "text/plain", Accept: "image/svg+xml" }, body: text }).then((response) => response.text());

// query is ?a=b of what is not "".
export function query(values) {
	const given = Object.entries(values).filter(([, value]) => value);
	return given.length ? `?${new URLSearchParams(given)}` : "";
}
