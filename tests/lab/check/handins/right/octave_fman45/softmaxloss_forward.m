function L = softmaxloss_forward(x, labels)
% x: classes x batch, labels: 1 .. classes
batch = size(x, 2);
ind = sub2ind(size(x), labels(:)', 1:batch);
L = sum(-x(ind) + log(sum(exp(x), 1))) / batch;
end
