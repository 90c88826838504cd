import "./style.css";
import { tides } from "./tides.js";

const rows = tides.map(({ time, height }) => `<tr><td>${time}</td><td>${height.toFixed(1)} m</td></tr>`);
document.querySelector("#app").innerHTML = `<h1>Tide table</h1><table>${rows.join("")}</table>`;
