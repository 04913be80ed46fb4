// Stands in for packages that Azurite loads and, as it is run here, never uses: its telemetry client and the drivers of two
// SQL databases. Without them it takes 300 MB less to install, and half the time to start.
module.exports = {};
