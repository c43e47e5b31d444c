//! What other programs reached on the same sets under the same protocol, measured once on two busy cores.

/// MASE and WQL of seasonal naive of the day by set (NumPy), which ratios are to. It is not cut off at zero.
pub(crate) const NAIVE: [(f64, f64); 6] =
    [(1.014, 0.393), (2.221, 0.278), (0.955, 0.456), (1.091, 0.050), (1.283, 0.401), (0.894, 0.275)];

/// A row each: MASE / WQL / share covered by set, the ratios over all sets, the share covered, CPU seconds a series and
/// origin. MSTL was run on 18 of the origins of four sets, and on four series of the first.
pub(crate) const ROWS: [&str; 9] = [
    "seasonal naive of the day (NumPy) | 1.014 / 0.393 / 0.85 | 2.221 / 0.278 / 0.88 | 0.955 / 0.456 / 0.83 | \
     1.091 / 0.050 / 0.73 | 1.283 / 0.401 / 0.84 | 0.894 / 0.275 / 0.85 | 1.000 | 1.000 | 0.83 | 0.005",
    "seasonal naive of the week (NumPy) | 1.208 / 0.441 / 0.84 | 2.605 / 0.322 / 0.87 | 0.888 / 0.420 / 0.85 | \
     1.450 / 0.069 / 0.83 | 1.440 / 0.449 / 0.83 | 0.989 / 0.317 / 0.85 | 1.136 | 1.135 | 0.84 | 0.005",
    "mean of the last 4 same weekday-hours (NumPy) | 1.023 / 0.327 / 0.76 | 2.104 / 0.172 / 0.88 | \
     0.749 / 0.332 / 0.76 | 1.367 / 0.063 / 0.65 | 1.353 / 0.377 / 0.70 | 0.954 / 0.277 / 0.72 | 1.009 | 0.876 | \
     0.74 | 0.005",
    "statsforecast MSTL (4 of 7 series of the first set, 18 origins of the next four) | 1.124 / 0.302 / 0.83 | \
     2.419 / 0.269 / 0.92 | 0.752 / 0.338 / 0.89 | 0.699 / 0.035 / 0.53 | 1.522 / 0.463 / 0.87 | \
     0.783 / 0.245 / 0.85 | about 0.95 | about 0.90 | - | 0.33 to 0.52",
    "mlforecast with LightGBM, global | 0.954 / 0.304 / 0.74 | 2.089 / 0.170 / 0.79 | 0.688 / 0.295 / 0.78 | \
     0.860 / 0.040 / 0.64 | 1.209 / 0.340 / 0.71 | 0.816 / 0.255 / 0.73 | 0.870 | 0.760 | 0.73 | 0.16 to 0.9",
    "quantile LightGBM, direct (prototype) | 0.850 / 0.270 / 0.73 | 1.957 / 0.153 / 0.87 | 0.635 / 0.271 / 0.78 | \
     0.721 / 0.034 / 0.66 | 1.125 / 0.305 / 0.73 | 0.724 / 0.219 / 0.71 | 0.783 | 0.673 | 0.75 | 0.12 to 0.41",
    "ridge per hour of the day (NumPy) | 0.868 / 0.280 / 0.79 | 1.866 / 0.160 / 0.86 | 0.654 / 0.280 / 0.82 | \
     0.587 / 0.027 / 0.74 | 1.089 / 0.307 / 0.71 | 0.769 / 0.227 / 0.71 | 0.761 | 0.665 | 0.77 | 0.02 to 0.03",
    "ridge, MSTL and 4-week mean by recent loss (prototype) | 0.860 / 0.280 / 0.84 | 1.788 / 0.160 / 0.91 | \
     0.663 / 0.291 / 0.86 | 0.616 / 0.028 / 0.72 | 1.114 / 0.313 / 0.81 | 0.730 / 0.216 / 0.84 | 0.758 | 0.670 | \
     0.83 | 0.1 to 0.2",
    "the same with quantile trees (prototype) | 0.840 / 0.270 / 0.84 | 1.785 / 0.152 / 0.91 | 0.642 / 0.278 / 0.84 | \
     0.621 / 0.029 / 0.73 | 1.083 / 0.299 / 0.80 | 0.707 / 0.211 / 0.82 | 0.744 | 0.649 | 0.82 | 0.25 to 0.6",
];
