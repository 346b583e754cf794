// Drags a tag onto what devices follow. What is dragged is kept here, not in the event: only its own app takes it.

// dragging makes handles and targets for one app. drop(tag) is called with the tag that was let go over a target;
// ended() when a drag is over, whether or not it led anywhere.
export function dragging(node, { drop, ended }) {
	let tag = "";

	// handle are the attributes of a row that can be dragged.
	const handle = (name) => ({
		draggable: "true",
		ondragstart: (event) => {
			tag = name;
			event.dataTransfer.effectAllowed = "move";
			event.dataTransfer.setData("text/plain", name);
			node.dataset.dragging = name;
		},
		ondragend: () => { tag = ""; delete node.dataset.dragging; ended(); },
	});

	// target are the attributes of what takes a drag.
	const target = {
		ondragenter: (event) => { if (tag) { event.preventDefault(); event.currentTarget.classList.add("over"); } },
		ondragover: (event) => { if (tag) { event.preventDefault(); event.dataTransfer.dropEffect = "move"; } },
		ondragleave: (event) => { if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.classList.remove("over"); },
		ondrop: (event) => {
			event.preventDefault();
			event.currentTarget.classList.remove("over");
			const name = tag;
			tag = "";
			delete node.dataset.dragging;
			if (name) drop(name);
		},
	};

	return { handle, target, busy: () => tag !== "" };
}
