"""Published data sets as moments, all that these statistics use of them; the frames are nobody's data.

``attitude`` (R datasets, 30 departments) and Holzinger & Swineford 1939 (lavaan, two schools, divisor n).
"""

import numpy as np
import pandas as pd

ATTITUDE = ["rating", "complaints", "privileges", "learning", "raises", "critical", "advance"]
ATTITUDE_SUMS = [
    1939,
    1998,
    1594,
    1691,
    1939,
    2243,
    1288,
]
ATTITUDE_PRODUCTS = [
    129621,
    133017,
    104866,
    111879,
    127490,
    145519,
    83811,
    138208,
    108798,
    115325,
    131824,
    150101,
    86673,
    89036,
    91903,
    104669,
    119695,
    69689,
    99311,
    111561,
    126821,
    74462,
    128459,
    146097,
    85029,
    170541,
    97136,
    58368,
]
NINE = [f"x{i}" for i in range(1, 10)]
SCHOOLS = {
    "Pasteur": (
        156,
        [
            4.9412393133,
            5.983974359,
            2.4871794872,
            2.8226495778,
            3.9951923077,
            1.9221611701,
            4.4322742519,
            5.5631410256,
            5.4177350423,
        ],
        [
            1.395229516,
            0.40210319249,
            0.62010670419,
            0.56792634571,
            0.4719397166,
            0.49756288501,
            0.046164386861,
            0.1651952508,
            0.35114302829,
            1.5037495891,
            0.47675768409,
            0.088503995991,
            0.14255115878,
            0.19403646257,
            -0.2038445458,
            0.038511875411,
            0.21867809651,
            1.3457891601,
            0.16466003706,
            0.066444773176,
            0.22210188226,
            -0.024697711113,
            0.15161078238,
            0.33207833516,
            1.3196864206,
            1.0798097437,
            0.75512076892,
            0.32155439436,
            0.14698868329,
            0.15516335945,
            1.7079095784,
            0.93392064436,
            0.17090488438,
            0.1515054857,
            0.20842750197,
            0.97444870331,
            0.21910719483,
            0.20564742809,
            0.18618409937,
            1.1699200293,
            0.42609204576,
            0.28722551535,
            0.95199077498,
            0.3524254188,
            0.97755306612,
        ],
    ),
    "Grant-White": (
        145,
        [
            4.92988506,
            6.2,
            1.9956896552,
            3.3172413793,
            4.7120689655,
            2.4689655165,
            3.9208395779,
            5.4882758621,
            5.3272030634,
        ],
        [
            1.318647109,
            0.41431034334,
            0.53374950603,
            0.43986787946,
            0.4111335709,
            0.41202763503,
            0.1232852508,
            0.36952278574,
            0.57313339554,
            1.2263793103,
            0.47844827586,
            0.28310344374,
            0.20456896552,
            0.24389162865,
            0.07572714131,
            0.1945862069,
            0.28139846662,
            1.0733650416,
            0.38096512206,
            0.34423305589,
            0.40707066496,
            0.079681283008,
            0.25857015458,
            0.39573507157,
            1.257212312,
            0.93329766144,
            0.9063971421,
            0.24130486498,
            0.12176535629,
            0.3614594624,
            1.3416646849,
            0.89808391302,
            0.3029943664,
            0.23972770511,
            0.42227705034,
            1.2801417195,
            0.20829506413,
            0.14337998996,
            0.31524489006,
            1.0617996054,
            0.63283503588,
            0.44190186904,
            1.094379786,
            0.56665226916,
            1.0510479882,
        ],
    ),
}


def attitude():
    """A frame with the sums and sums of products of ``attitude``."""
    means = np.array(ATTITUDE_SUMS) / 30
    covariance = symmetric(ATTITUDE_PRODUCTS) / 30 - np.outer(means, means)
    return pd.DataFrame(rows_with(30, means, covariance), columns=ATTITUDE)


def schools():
    """A frame with each school's means and covariances of x1 to x9."""
    return pd.concat(
        [
            pd.DataFrame(rows_with(n, np.array(means), symmetric(upper)), columns=NINE).assign(school=school)
            for school, (n, means, upper) in SCHOOLS.items()
        ],
        ignore_index=True,
    )


def symmetric(upper):
    """The matrix whose upper triangle, row by row, is given."""
    size = int((np.sqrt(8 * len(upper) + 1) - 1) / 2)
    matrix = np.zeros((size, size))
    matrix[np.triu_indices(size)] = upper
    return matrix + np.triu(matrix, 1).T


def rows_with(n, means, covariance):
    """Rows (n, k) with exactly these means and this covariance matrix (divisor n)."""
    noise = np.random.default_rng(0).normal(size=(n, len(means)))
    basis = np.linalg.qr(noise - noise.mean(axis=0))[0] * np.sqrt(n)
    return means + basis @ np.linalg.cholesky(covariance).T
