package reports

// Throughput is what a load on the store came to. Rates are MB/s (10^6 bytes) and requests a second, times milliseconds.
type Throughput struct {
	Budget    string            `json:"budget"`    // whose budget it is: a provider's default, or a file's
	Tolerance float64           `json:"tolerance"` // percent slower than the baseline that is still as fast
	Rounds    int               `json:"rounds"`
	Bound     ThroughputBound   `json:"bound"` // said before it started
	Requests  int               `json:"requests"`
	Failed    int               `json:"failed"`
	Written   int64             `json:"written"` // bytes
	Read      int64             `json:"read"`    // bytes
	Seconds   float64           `json:"seconds"`
	Cores     int               `json:"cores"`         // processors that the client may use
	CPU       float64           `json:"cpu,omitempty"` // seconds of processor time that this process took
	Failures  []ThroughputFault `json:"failures,omitempty"`
	Baseline  string            `json:"baseline,omitempty"` // the run that it is compared with
	Notes     []string          `json:"notes,omitempty"`
	Cases     []ThroughputCase  `json:"cases"`
	Over      []ThroughputPoint `json:"over"` // throughput over time
}

// ThroughputBound is the most that a load sends.
type ThroughputBound struct {
	Requests int     `json:"requests"`
	Objects  int     `json:"objects"`
	Written  int64   `json:"written"` // bytes
	Read     int64   `json:"read"`    // bytes
	Seconds  float64 `json:"seconds"`
}

// ThroughputFault is one way in which requests failed.
type ThroughputFault struct {
	What  string `json:"what"`
	Times int    `json:"times"`
}

// ThroughputCase is one kind of load.
type ThroughputCase struct {
	Name        string `json:"name"`
	Does        string `json:"does"`
	Size        int64  `json:"size"` // bytes
	Concurrency int    `json:"concurrency"`
	PartSize    int64  `json:"partSize,omitempty"` // bytes
	Parts       int    `json:"parts,omitempty"`

	Verdict string   `json:"verdict"`          // reached, missed or undecided
	Missed  []string `json:"missed,omitempty"` // what was not reached, or could not be decided

	Transfers  int                `json:"transfers"`
	Failed     int                `json:"failed"`
	MBps       ThroughputFigure   `json:"mbPerSecond"`
	PerSecond  ThroughputFigure   `json:"perSecond"`
	Latency    ThroughputTimes    `json:"latency"`
	FirstByte  ThroughputTimes    `json:"firstByte"`
	Budget     ThroughputDemand   `json:"budget"`
	ClientMBps float64            `json:"clientMBPerSecond,omitempty"` // what the client does by itself, on a loopback
	CPU        float64            `json:"cpu,omitempty"`               // share of the client's processors that this process took
	Bound      bool               `json:"clientBound,omitempty"`
	Ratio      *ThroughputRatio   `json:"ratio,omitempty"`
	Histogram  []ThroughputBucket `json:"histogram,omitempty"`
}

// ThroughputFigure is a median of rounds, the interval in which it lies (95 %, bootstrap), and the rounds.
type ThroughputFigure struct {
	Median float64   `json:"median"`
	Low    float64   `json:"low"`
	High   float64   `json:"high"`
	Spread float64   `json:"spread"` // percent: from the quarter to the three quarters of the rounds, of the median
	Rounds []float64 `json:"rounds"`
}

// ThroughputTimes are quantiles of all rounds together.
type ThroughputTimes struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// ThroughputDemand is what the budget demands of a case; 0 is nothing.
type ThroughputDemand struct {
	MBps         float64 `json:"mbPerSecond,omitempty"`
	PerSecond    float64 `json:"perSecond,omitempty"`
	P50          float64 `json:"p50,omitempty"`
	P99          float64 `json:"p99,omitempty"`
	FirstByteP50 float64 `json:"firstByteP50,omitempty"`
	FirstByteP99 float64 `json:"firstByteP99,omitempty"`
}

// ThroughputRatio is a case's rate as a share of the baseline's, and the interval in which it lies (95 %, bootstrap).
type ThroughputRatio struct {
	Before  float64 `json:"before"` // MB/s
	Value   float64 `json:"value"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Verdict string  `json:"verdict"` // as fast, slower or undecided
}

// ThroughputPoint is the rate of one case in one round.
type ThroughputPoint struct {
	Case    int     `json:"case"`
	Round   int     `json:"round"`
	Seconds float64 `json:"seconds"` // since the load began
	MBps    float64 `json:"mbPerSecond"`
}

// ThroughputBucket counts the transfers that took up to so many milliseconds, and more than the bucket before.
type ThroughputBucket struct {
	UpTo  float64 `json:"upTo"`
	Count int     `json:"count"`
}
