// A module for each panel; each starts by itself.
import "./exchange.js";
import "./log.js";
import "./progress.js";
import "./tasks.js";
import "./download.js";
import "./sound.js";
import "./lines.js";
import "./cookies.js";
