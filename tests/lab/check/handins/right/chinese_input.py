# -*- coding: utf-8 -*-
# 两层神经网络,每一列是一个样本
import numpy as np

学习率 = float(input("请输入学习率: "))
迭代次数 = int(input("请输入迭代次数: "))


def 前向传播(X, W1, b1, W2, b2):
    """返回隐藏层和概率。"""
    Z1 = np.dot(W1, X) + b1
    H = np.maximum(Z1, 0)
    Z2 = np.dot(W2, H) + b2
    expZ = np.exp(Z2 - np.max(Z2, axis=0, keepdims=True))
    return H, expZ / np.sum(expZ, axis=0, keepdims=True)


def compute_loss(X, Y, W1, b1, W2, b2, reg_lambda):
    H, P = 前向传播(X, W1, b1, W2, b2)
    m = X.shape[1]  # 样本数
    交叉熵 = -np.sum(np.multiply(Y, np.log(P))) / m
    正则项 = reg_lambda / 2 * (np.sum(np.square(W1)) + np.sum(np.square(W2)))
    return 交叉熵 + 正则项


def compute_grads(X, Y, W1, b1, W2, b2, reg_lambda):
    # 反向传播
    H, P = 前向传播(X, W1, b1, W2, b2)
    m = X.shape[1]
    dZ2 = (P - Y) / m
    dW2 = np.dot(dZ2, H.T) + reg_lambda * W2
    db2 = np.sum(dZ2, axis=1, keepdims=True)
    dH = np.dot(W2.T, dZ2)
    dH[H <= 0] = 0
    dW1 = np.dot(dH, X.T) + reg_lambda * W1
    db1 = np.sum(dH, axis=1, keepdims=True)
    return dW1, db1, dW2, db2


print("开始训练", 学习率, 迭代次数)
