import numpy as np
import seaborn as sns
import pandas as pd

sns.set_style("whitegrid")

lmbda = 0.1
eta = 0.001
n_batch = 100
n_epochs = 40


def SoftMax(s):
    return np.exp(s) / np.sum(np.exp(s), axis=0)


def forward_pass(X, W, b):
    return SoftMax(W.dot(X) + b)


def ComputeCost(X, Y, W, b):
    P = forward_pass(X, W, b)
    l_cross = -np.sum(np.log(np.sum(Y * P, axis=0)))
    return l_cross / X.shape[1] + lmbda * np.sum(W * W)


def ComputeGradients(X, Y, P, W):
    G = P - Y
    dW = G.dot(X.T)
    dW /= X.shape[1]
    db = np.mean(G, axis=1).reshape(-1, 1)
    dW += 2 * lmbda * W
    return dW, db


def save_history(costs):
    pd.DataFrame({"cost": costs}).to_csv("costs.csv")
