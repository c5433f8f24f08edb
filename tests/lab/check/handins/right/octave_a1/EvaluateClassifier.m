function P = EvaluateClassifier(X, W, b)
% one column of probabilities for each column of X
s = W * X + b * ones(1, size(X, 2));
P = exp(s) ./ repmat(sum(exp(s), 1), size(W, 1), 1);
end
